// Package glfault makes GL fail at will, under the real driver: a test that imports it calls GL by way of functions that count what is
// allocated, run out of memory, lose the context, hang, or offer no more than a lesser device. The code under test is what users have.
//
// Its settings are the process's, so tests that use them run one at a time, with no other device at work.
package glfault
