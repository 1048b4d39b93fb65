"""What the processes of one training do together: gather, agree, judge; one process is the simplest case."""
