using System.Diagnostics;

namespace Parley.Benchmarks;

/// <summary>The results of a run under load.</summary>
/// <param name="Latencies">In milliseconds, sorted: one for each request.</param>
/// <param name="Elapsed">From the first request's start to the last one's end.</param>
/// <param name="Cpu">Processor time of this process.</param>
/// <param name="Allocated">Bytes allocated in this process.</param>
/// <param name="StorageCpu">Processor time of the storage's process.</param>
internal sealed record LoadResult(double[] Latencies, TimeSpan Elapsed, TimeSpan Cpu, long Allocated, TimeSpan StorageCpu)
{
    public int Requests => Latencies.Length;

    public double Rate => Requests / Elapsed.TotalSeconds;

    public double P50 => Percentile.Of(Latencies, 0.50);

    public double P99 => Percentile.Of(Latencies, 0.99);

    public double CpuMilliseconds => Cpu.TotalMilliseconds / Requests;

    public double StorageMilliseconds => StorageCpu.TotalMilliseconds / Requests;

    /// <summary>The share of all cores that this process used.</summary>
    public double CpuShare => Cpu / Elapsed / Environment.ProcessorCount;

    /// <summary>The share of all cores that the storage used.</summary>
    public double StorageShare => StorageCpu / Elapsed / Environment.ProcessorCount;

    public double AllocatedKilobytes => Allocated / 1024.0 / Requests;
}

/// <summary>Generates load: each worker starts its next request when the previous one is complete.</summary>
internal static class Load
{
    /// <summary>Runs until the time is over or the number of requests is reached, whichever is first.</summary>
    /// <param name="workers">The number of concurrent requests.</param>
    /// <param name="limit">No request starts later than this.</param>
    /// <param name="count">The maximum number of requests.</param>
    /// <param name="newWorker">Creates the request function of a worker from the worker's number, from 0.</param>
    /// <param name="storage">The storage whose processor time is measured too.</param>
    public static async Task<LoadResult> RunAsync(int workers, TimeSpan limit, int count, Func<int, Func<Task>> newWorker, BenchStorage? storage = null)
    {
        // Collects earlier garbage first, so that its collection does not count in this run.
        GC.Collect();
        var started = 0;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        var storageCpu = storage?.Cpu;
        var begun = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(newWorker(worker)))));
        return new LoadResult(
            [.. latencies.SelectMany(each => each).Order()],
            Stopwatch.GetElapsedTime(begun),
            Environment.CpuUsage.TotalTime - cpu,
            GC.GetTotalAllocatedBytes(precise: true) - allocated,
            storage is null ? default : storage.Cpu - storageCpu!.Value);

        async Task<List<double>> WorkAsync(Func<Task> request)
        {
            var mine = new List<double>(4096);
            while (Stopwatch.GetElapsedTime(begun) < limit && Interlocked.Increment(ref started) <= count)
            {
                var sent = Stopwatch.GetTimestamp();
                await request();
                mine.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            return mine;
        }
    }
}
