using Xunit;

// More than the two processors of a small machine: many tests wait for Azurite or for processes.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
