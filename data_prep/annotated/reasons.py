"""Names why files of a folder are left out, where several modules find such files."""

OTHERS = 'files that are neither images nor annotations'
UNNAMED = 'files below --images that --annotations does not name'
SAME = 'annotations that say of an image no more than another file'
SPEAK = 'files that speak of images and are not read: nothing that they say is used'
PROSE = ('.md', '.rst', '.html', '.htm', '.log', '.py', '.ipynb')
