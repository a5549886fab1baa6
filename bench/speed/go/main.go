// One client of the bench: net/http over one HTTP/2 connection, many requests at a fixed concurrency. It is told what to
// do and answers like client.ts.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"
)

type launch struct {
	URL         string `json:"url"`
	Connections int    `json:"connections"`
	WarmMs      int    `json:"warmMs"`
	RunMs       int    `json:"runMs"`
	Expected    int64  `json:"expected"`
	CA          string `json:"ca"`
}

type measured struct {
	Answers   int     `json:"answers"`
	Requests  int     `json:"requests"`
	PerSecond float64 `json:"perSecond"`
	CPUMicros float64 `json:"cpuMicros"`
	P50       float64 `json:"p50Micros"`
	P99       float64 `json:"p99Micros"`
}

func send(client *http.Client, l launch) {
	response, err := client.Get(l.URL)
	if err != nil {
		log.Fatal(err)
	}
	size, err := io.Copy(io.Discard, response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != 200 || size != l.Expected {
		log.Fatal("a wrong answer: ", response.StatusCode, size, err)
	}
}

// run sends requests for some time, and returns how long each took, in microseconds.
func run(client *http.Client, l launch, length time.Duration) ([]float64, time.Duration) {
	started := time.Now()
	var all []float64
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range l.Connections {
		group.Add(1)
		go func() {
			defer group.Done()
			var own []float64
			for time.Since(started) < length {
				before := time.Now()
				send(client, l)
				own = append(own, float64(time.Since(before).Nanoseconds())/1000)
			}
			mutex.Lock()
			all = append(all, own...)
			mutex.Unlock()
		}()
	}
	group.Wait()
	elapsed := time.Since(started)
	sort.Float64s(all)
	return all, elapsed
}

func cpuMicros() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	micros := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return micros(usage.Utime) + micros(usage.Stime)
}

func main() {
	// The command is followed by the path of client.ts, which means nothing here, and by the launch.
	var l launch
	if err := json.Unmarshal([]byte(os.Args[2]), &l); err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(l.CA))
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.MaxConnsPerHost = 1
	client := &http.Client{Transport: transport}
	send(client, l)
	warm, _ := run(client, l, time.Duration(l.WarmMs)*time.Millisecond)
	before := cpuMicros()
	micros, elapsed := run(client, l, time.Duration(l.RunMs)*time.Millisecond)
	cpu := cpuMicros() - before
	count := len(micros)
	answer, _ := json.Marshal(measured{
		Answers:   1 + len(warm) + count,
		Requests:  count,
		PerSecond: float64(count) / elapsed.Seconds(),
		CPUMicros: cpu / float64(count),
		P50:       micros[count/2],
		P99:       micros[count*99/100],
	})
	fmt.Println(string(answer))
}
