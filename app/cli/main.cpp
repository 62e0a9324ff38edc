#include "app/cli/program.h"

int main(int argc, char** argv) { return conclave::cli::run({argv, argv + argc}); }
