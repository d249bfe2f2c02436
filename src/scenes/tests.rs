//! Wall and desk by what a person (or a screen reader) finds on them, in both languages.
