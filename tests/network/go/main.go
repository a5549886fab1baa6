// The client program of the lab for net/http. It does what its script says, as client.ts does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

type step struct {
	PauseMs  *int    `json:"pauseMs"`
	Wait     *string `json:"wait"`
	Send     int     `json:"send"`
	Together int     `json:"together"`
	Method   string  `json:"method"`
	Path     string  `json:"path"`
}

type script struct {
	URL     string `json:"url"`
	Steps   []step `json:"steps"`
	CapMs   int    `json:"capMs"`
	Options struct {
		HTTP2 string `json:"http2"`
	} `json:"options"`
}

type sent struct {
	ID    int    `json:"id"`
	Step  int    `json:"step"`
	Ms    int64  `json:"ms"`
	Error string `json:"error,omitempty"`
}

func one(client *http.Client, s script, number, id int) sent {
	st := s.Steps[number]
	path := st.Path
	if path == "" {
		path = "/?"
	}
	if !strings.HasSuffix(path, "?") {
		path += "&"
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.CapMs)*time.Millisecond)
	defer cancel()
	var body io.Reader
	if st.Method == "POST" {
		body = strings.NewReader("posted")
	}
	request, _ := http.NewRequestWithContext(ctx, st.Method, fmt.Sprintf("%s%sid=%d", s.URL, path, id), body)
	response, err := client.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	result := sent{ID: id, Step: number, Ms: time.Since(begun).Milliseconds()}
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func main() {
	// The command is followed by the path of client.ts, which means nothing here, and by the script.
	var s script
	if err := json.Unmarshal([]byte(os.Args[2]), &s); err != nil {
		panic(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 100
	if s.Options.HTTP2 == "prior-knowledge" {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	client := &http.Client{Transport: transport}
	said := bufio.NewScanner(os.Stdin)
	all := []sent{}
	id := 0
	for number, st := range s.Steps {
		if st.PauseMs != nil {
			time.Sleep(time.Duration(*st.PauseMs) * time.Millisecond)
			continue
		}
		if st.Wait != nil {
			fmt.Printf("{\"wait\":%q}\n", *st.Wait)
			said.Scan()
			continue
		}
		var group sync.WaitGroup
		var mutex sync.Mutex
		left := st.Send
		for range st.Together {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					mutex.Lock()
					if left == 0 {
						mutex.Unlock()
						return
					}
					left--
					id++
					mine := id
					mutex.Unlock()
					result := one(client, s, number, mine)
					mutex.Lock()
					all = append(all, result)
					mutex.Unlock()
				}
			}()
		}
		group.Wait()
	}
	report, _ := json.Marshal(map[string]any{"sent": all})
	fmt.Println(string(report))
}
