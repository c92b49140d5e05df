// What Go's crypto/tls and x/crypto/ocsp make of a handshake: on standard
// output accept, refuse (of TLS itself), missing, revoked, expired, or "error"
// and why.  crypto/tls only hands out the staple; judging it is left to its
// users, so must-staple means nothing to it.
//
//	handshake PORT ROOT VERSION
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"golang.org/x/crypto/ocsp"
)

func verdict(state tls.ConnectionState) string {
	if len(state.OCSPResponse) == 0 {
		return "missing"
	}
	chain := state.VerifiedChains[0]
	answer, err := ocsp.ParseResponseForCert(state.OCSPResponse, chain[0],
		chain[1])
	if err != nil {
		return "error " + err.Error()
	}
	switch {
	case !answer.NextUpdate.After(time.Now()):
		return "expired"
	case answer.Status == ocsp.Revoked:
		return "revoked"
	case answer.Status == ocsp.Good:
		return "accept"
	}
	return fmt.Sprintf("error status %d", answer.Status)
}

func main() {
	root, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	version := map[string]uint16{
		"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[3]]
	c, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{
		RootCAs: roots, ServerName: "www",
		MinVersion: version, MaxVersion: version})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		fmt.Println("refuse")
		return
	}
	defer c.Close()
	fmt.Println(verdict(c.ConnectionState()))
}
