package testdata

type word string

const (
	one   word = "one-word"
	other      = "no word of the type"
)
