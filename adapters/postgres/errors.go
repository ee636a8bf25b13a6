package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// An sqlstate is what the server said of a statement that it did not carry out
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
type sqlstate string

// answer gives the server's refusal of a statement. Whatever ends the connection as well (FATAL, a cut line, a context)
// is none: the statement may have been carried out.
func answer(err error) (sqlstate, bool) {
	var told *pgconn.PgError
	if !errors.As(err, &told) || told.Severity != "ERROR" {
		return "", false
	}
	return sqlstate(told.Code), true
}

// full: class 53, insufficient resources, but for the two that are about connections and locks.
func (s sqlstate) full() bool { return s == "53100" || s == "53000" || s == "53200" }

// passing: a deadlock or serialization failure, a server that starts, stops or is a standby for now, or one that has no
// connection to spare.
func (s sqlstate) passing() bool {
	return strings.HasPrefix(string(s), "40") || strings.HasPrefix(string(s), "57P") || s == "57014" || s == "25006" ||
		s == "53300"
}
