package gcp

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/googleapis/gax-go/v2/callctx"
)

// The lists of compute/apiv1 and vpcaccess/apiv1 make their requests without the context that they were given
// (measured: List and AggregatedList of v1.74, ListConnectors of v1.16): they would go on after the command's deadline.
// What does reach the request is a header of the context, so a number in one stands for the context until the request
// is on its way.

// endHeader is that header. Those clients write it as it was given to them, others as [http.Header] does: it is looked
// for in any case of letters.
const endHeader = "X-Culvert-End"

// ends are the contexts of lists by number.
type ends struct {
	last atomic.Uint64
	open sync.Map // of context.Context by number
}

// bounded lets the lists that are read under a context end with it.
func (c *Client) bounded(ctx context.Context) context.Context {
	if ctx.Done() == nil {
		return ctx
	}
	number := strconv.FormatUint(c.ends.last.Add(1), 10)
	c.ends.open.Store(number, ctx)
	context.AfterFunc(ctx, func() { c.ends.open.Delete(number) })
	return callctx.SetHeaders(ctx, endHeader, number)
}

// endsCarrier gives requests the context that they lack, so that they end with their lists.
type endsCarrier struct {
	next http.RoundTripper
	ends *ends
}

// RoundTrip takes the number off. A number that is known no more is of a context that has ended.
func (e endsCarrier) RoundTrip(req *http.Request) (*http.Response, error) {
	var numbers []string
	for name, values := range req.Header {
		if strings.EqualFold(name, endHeader) {
			numbers = append(numbers, values...)
		}
	}
	if len(numbers) == 0 {
		return e.next.RoundTrip(req)
	}
	ctx, ok := e.ends.open.Load(numbers[len(numbers)-1])
	if !ok {
		return nil, context.Canceled
	}
	own := req.Clone(ctx.(context.Context))
	maps.DeleteFunc(own.Header, func(name string, _ []string) bool { return strings.EqualFold(name, endHeader) })
	return e.next.RoundTrip(own)
}
