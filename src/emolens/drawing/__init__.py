"""Everything that draws: answers, pictures and videos in; PNG files and videos out."""
