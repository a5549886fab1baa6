// One request over HTTP/2 to the URL that is its argument. The test looks at the first frames of the client.
package main

import (
	"crypto/tls"
	"net/http"
	"os"
)

func main() {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	transport.ForceAttemptHTTP2 = true
	(&http.Client{Transport: transport}).Get(os.Args[1])
}
