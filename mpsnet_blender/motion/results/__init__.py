"""Result files of other human-motion systems, as motions of ours."""
