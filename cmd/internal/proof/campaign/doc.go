// Package campaign runs many sagas, a window of them at once, while faults are made at what carries them, and judges
// the whole: nothing lost, nothing twice, nothing left.
//
// campaign.go leads the sagas, blows.go makes the faults and judges.
package campaign
