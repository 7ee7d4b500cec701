package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// pollInterval is short: the servers are on loopback and somebody is waiting.
const pollInterval = 100 * time.Millisecond

// Poll calls done until it returns nil. When ctx ends first, the error tells what was missing last.
func Poll(ctx context.Context, what string, done func(ctx context.Context) error) error {
	for {
		err := done(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last seen: %w)", what, context.Cause(ctx), err)
		}
	}
}

// WaitConditions waits until all of the object's conditions of these types are True.
func (c *Clients) WaitConditions(ctx context.Context, object *unstructured.Unstructured, kinds ...string) error {
	what := fmt.Sprintf("%s %s to be %v", object.GetKind(), object.GetName(), kinds)
	return Poll(ctx, what, func(ctx context.Context) error {
		current, err := c.Get(ctx, object)
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			if status, message := Condition(current, kind); status != "True" {
				return errors.New(kind + " is " + orNone(status) + ": " + orNone(message))
			}
		}
		return nil
	})
}

func orNone(text string) string {
	if text == "" {
		return "not set"
	}
	return text
}
