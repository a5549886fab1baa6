// Go's http.Transport as http.DefaultTransport is set, one for each case.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const patience = 6 * time.Second

var printing sync.Mutex

func main() {
	fmt.Println("Go", strings.TrimPrefix(runtime.Version(), "go"))
	clients := map[string]*http.Client{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		switch words[0] {
		case "open":
			clients[words[1]] = client(words[1], words[2])
		case "send":
			go answer(clients[words[1]], words)
		case "end":
			clients[words[1]].CloseIdleConnections()
		}
	}
}

func client(port string, tune string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	if len(os.Args) > 1 && os.Args[1] == "proxied" {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:" + port})
	}
	for _, word := range strings.Fields(tune) {
		name, value, _ := strings.Cut(word, "=")
		number, _ := strconv.Atoi(value)
		switch name {
		case "idleTimeoutMs":
			transport.IdleConnTimeout = time.Duration(number) * time.Millisecond
		case "maxIdlePerOrigin":
			transport.MaxIdleConnsPerHost = number
		case "maxIdle":
			transport.MaxIdleConns = number
		case "maxConnectionsPerOrigin":
			transport.MaxConnsPerHost = number
		}
	}
	return &http.Client{Transport: transport, Timeout: patience}
}

func answer(client *http.Client, words []string) {
	outcome, err := send(client, words[3], words[4])
	if err != nil {
		outcome = "!" + strings.Join(strings.Fields(err.Error()), " ")
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(strings.Join([]string{"done", words[1], words[2], outcome}, "\t"))
}

func send(client *http.Client, method string, target string) (string, error) {
	var body io.Reader
	if method == "POST" || method == "PUT" {
		body = strings.NewReader("x")
	}
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "", err
	}
	return strconv.Itoa(response.StatusCode), nil
}
