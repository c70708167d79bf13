// Verifies a log of evidence with the reference implementation of signed notes and of transparency logs
// (golang.org/x/mod/sumdb): tlog KEY DIRECTORY, where the directory has the files of the evidence branch.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(where string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", where, err)
	os.Exit(1)
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fail("key", err)
	}
	text, err := os.ReadFile(filepath.Join(os.Args[2], "checkpoint"))
	if err != nil {
		fail("checkpoint", err)
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint", err)
	}
	lines := strings.Split(opened.Text, "\n")
	// The second line is the size, the third the root; tlog reads them in the form of its own tree descriptions.
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.Join(lines[1:3], "\n") + "\n"))
	if err != nil {
		fail("checkpoint", err)
	}
	segments, err := filepath.Glob(filepath.Join(os.Args[2], "log", "*", "*", "*.jsonl"))
	if err != nil {
		fail("log", err)
	}
	sort.Strings(segments)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, 0, len(indexes))
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	size := int64(0)
	for _, segment := range segments {
		file, err := os.Open(segment)
		if err != nil {
			fail(segment, err)
		}
		scanner := bufio.NewScanner(file)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			hashes, err := tlog.StoredHashes(size, scanner.Bytes(), reader)
			if err != nil {
				fail(segment, err)
			}
			stored = append(stored, hashes...)
			size++
		}
		file.Close()
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		fail("log", err)
	}
	if tree.N != size || tree.Hash != root {
		fail("log", fmt.Errorf("the checkpoint has %d records with the root %s, the log %d with %s", tree.N, tree.Hash, size, root))
	}
	fmt.Printf("%d records, root %s\n", size, root)
}
