// An HTTP/2 server of Go's standard library that ends each connection after some requests. A handler's
// "Connection: close" makes it send GOAWAY in two steps. Arguments: certificate, key, limit. It reads lines on stdin.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

type ask struct {
	Ask string `json:"ask"`
	Run string `json:"run"`
}

type seen struct {
	Executed    int `json:"executed"`
	Twice       int `json:"twice"`
	Connections int `json:"connections"`
}

type counter struct{}

var (
	mutex sync.Mutex
	run   string
	times map[string]int
	now   seen
)

func executed(method, path string) {
	mutex.Lock()
	defer mutex.Unlock()
	if !strings.HasPrefix(path, "/"+run+"/") {
		return
	}
	now.Executed++
	times[path]++
	if method == "POST" && times[path] == 2 {
		now.Twice++
	}
}

func connected(ctx context.Context, _ net.Conn) context.Context {
	mutex.Lock()
	now.Connections++
	mutex.Unlock()
	return context.WithValue(ctx, counter{}, new(atomic.Int64))
}

func main() {
	limit, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		executed(r.Method, r.URL.Path)
		if r.Context().Value(counter{}).(*atomic.Int64).Add(1) == limit {
			w.Header().Set("Connection", "close")
		}
		io.WriteString(w, r.URL.Path)
	}
	server := &http.Server{
		Handler:     http.HandlerFunc(handler),
		ConnContext: connected,
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(server.ServeTLS(listener, os.Args[1], os.Args[2])) }()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	obey()
}

func obey() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked ask
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			log.Fatal(err)
		}
		mutex.Lock()
		if asked.Ask == "turn-to" {
			run, times, now = asked.Run, map[string]int{}, seen{}
		}
		answer, _ := json.Marshal(now)
		mutex.Unlock()
		fmt.Println(string(answer))
	}
}
