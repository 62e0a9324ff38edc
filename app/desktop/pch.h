// Qt's widget headers, compiled once: a unit that includes them costs 1.5 s instead of 6 s. Not for files that need Python.
#pragma once

#include <QtWidgets>
#include <nlohmann/json.hpp>
