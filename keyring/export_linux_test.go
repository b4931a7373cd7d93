package keyring

import (
	"context"
	"time"
)

// AwaitSecretService returns when the session's keyring answers.
func AwaitSecretService(ctx context.Context) error {
	var err error
	for ctx.Err() == nil {
		err = secretPlace{}.with(ctx, func(*secretClient) error { return nil })
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return err
}
