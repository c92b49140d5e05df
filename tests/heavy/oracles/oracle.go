// What Go's x/crypto/ocsp says of certificates: for each line
//
//	URL ISSUER CERT METHOD HASH
//
// on standard input (a responder; PEM files; GET or POST; sha1 or sha256) a
// line on standard output: good, unknown, "revoked REASON DATE", or "error"
// and why.
package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

func read(path string) (*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM", path)
	}
	return x509.ParseCertificate(block.Bytes)
}

func ask(where, method string, request []byte) ([]byte, error) {
	var answer *http.Response
	var err error
	if method == "GET" {
		text := base64.StdEncoding.EncodeToString(request)
		answer, err = http.Get(where + "/" + url.PathEscape(text))
	} else {
		answer, err = http.Post(where, "application/ocsp-request",
			bytes.NewReader(request))
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

func verdict(where, issuerPath, certPath, method, hash string) (string, error) {
	issuer, err := read(issuerPath)
	if err != nil {
		return "", err
	}
	cert, err := read(certPath)
	if err != nil {
		return "", err
	}
	hashes := map[string]crypto.Hash{
		"sha1": crypto.SHA1, "sha256": crypto.SHA256}
	request, err := ocsp.CreateRequest(cert, issuer,
		&ocsp.RequestOptions{Hash: hashes[hash]})
	if err != nil {
		return "", err
	}
	der, err := ask(where, method, request)
	if err != nil {
		return "", err
	}
	answer, err := ocsp.ParseResponseForCert(der, cert, issuer)
	if err != nil {
		return "", err
	}
	if answer.IssuerHash != hashes[hash] {
		return "", fmt.Errorf("the certID is hashed otherwise")
	}
	if !answer.NextUpdate.After(time.Now()) {
		return "", fmt.Errorf("stale")
	}
	switch answer.Status {
	case ocsp.Good:
		return "good", nil
	case ocsp.Unknown:
		return "unknown", nil
	case ocsp.Revoked:
		return fmt.Sprintf("revoked %d %s", answer.RevocationReason,
			answer.RevokedAt.Format(time.RFC3339)), nil
	}
	return "", fmt.Errorf("status %d", answer.Status)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		w := strings.Fields(lines.Text())
		said, err := verdict(w[0], w[1], w[2], w[3], w[4])
		if err != nil {
			said = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(said)
	}
}
