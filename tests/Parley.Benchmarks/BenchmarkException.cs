namespace Parley.Benchmarks;

/// <summary>A benchmark is not valid because a response was not the expected one. The message is one line.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
