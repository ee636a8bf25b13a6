package main

import (
	"context"
	"errors"
)

func contract(context.Context, settings) error { return errors.New("not yet") }
