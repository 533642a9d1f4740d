namespace Parley.Benchmarks;

/// <summary>A benchmark cannot be trusted: an answer was not the expected one. The message is one line.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
