// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weftc: a network in, a binary out. Everything it does is in compiler/Driver.

#include "compiler/Driver/Driver.h"

int main(int argc, char **argv) { return weft::runWeftc(argc, argv); }
