using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Backup;

/// <summary>
/// Copies the table Conversations while the app writes. Each partition is read twice: all rows, then keys and ETags.
/// If both readings agree, no row changed in between, because ETags never recur. Otherwise the partition is read again.
/// </summary>
internal sealed class ConversationSnapshots(ParleyTables tables, Progress progress, TimeProvider time)
{
    /// <summary>
    /// Number of rows after which partitions are checked. One query checks them together, because a query for each
    /// partition would cost a call for each.
    /// </summary>
    private const int WindowRows = 1000;

    /// <summary>Bounds memory and the time between the two readings.</summary>
    private const int WindowBytes = 4 << 20;

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(2);

    private readonly TableClient table = tables.Conversations;

    /// <summary>Maximum number of rows a page; null for the service's own limit. Tests set it.</summary>
    internal int? PageRows { get; init; }

    /// <summary>Maximum number of reads of a partition that keeps changing. They take about half a minute.</summary>
    internal int MaxAttempts { get; init; } = 20;

    /// <summary>Number of partitions that were read again.</summary>
    public int Repeated { get; private set; }

    /// <exception cref="OperationException">A partition changed during every attempt.</exception>
    public async Task WriteAsync(LineFile file, CancellationToken cancellation)
    {
        var window = new Window();
        try
        {
            var rows = table.QueryAsync<TableEntity>(maxPerPage: PageRows, cancellationToken: cancellation);
            await foreach (var row in rows)
            {
                if (window.IsFull && window.Last != row.PartitionKey)
                {
                    await WriteWindowAsync(window, file, cancellation);
                }

                await window.AddAsync(row, cancellation);
            }

            await WriteWindowAsync(window, file, cancellation);
        }
        finally
        {
            await window.ClearAsync();
        }
    }

    private async Task WriteWindowAsync(Window window, LineFile file, CancellationToken cancellation)
    {
        if (window.Partitions.Count > 0)
        {
            var stored = await FingerprintsAsync(window.Partitions[0].Key, window.Partitions[^1].Key, cancellation);
            foreach (var partition in window.Partitions)
            {
                if (stored.TryGetValue(partition.Key, out var fingerprint) && fingerprint == partition.Fingerprint())
                {
                    await WritePartitionAsync(partition, file, cancellation);
                }
                else
                {
                    Repeated++;
                    await WriteAgainAsync(partition.Key, file, cancellation);
                }
            }
        }

        await window.ClearAsync();
    }

    private async Task WriteAgainAsync(string key, LineFile file, CancellationToken cancellation)
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            await using var partition = new PartitionReading(key);
            var rows = table.QueryAsync<TableEntity>(Partitions(key, key), PageRows, cancellationToken: cancellation);
            await foreach (var row in rows)
            {
                await partition.AddAsync(row, cancellation);
            }

            var stored = await FingerprintsAsync(key, key, cancellation);
            if (partition.Lines.Count == 0 && stored.Count == 0)
            {
                // The deletion of its tenant has erased it.
                return;
            }

            if (stored.TryGetValue(key, out var fingerprint) && fingerprint == partition.Fingerprint())
            {
                await WritePartitionAsync(partition, file, cancellation);
                return;
            }

            var pause = TimeSpan.FromMilliseconds(100 * attempt);
            await Task.Delay(pause < MaxPause ? pause : MaxPause, time, cancellation);
        }

        throw new OperationException(
            $"Conversation {key} changed during each of {MaxAttempts} attempts to read it. "
            + "The back-up is not finished; run it again when fewer messages arrive.");
    }

    private async Task WritePartitionAsync(PartitionReading partition, LineFile file, CancellationToken cancellation)
    {
        await file.WriteAllAsync(partition.Lines, cancellation);
        progress.Add(partition.Lines.Count);
    }

    /// <summary>Reads keys and ETags of all partitions from the first to the last: the second reading.</summary>
    private async Task<Dictionary<string, string>> FingerprintsAsync(
        string first, string last, CancellationToken cancellation)
    {
        var fingerprints = new Dictionary<string, string>(StringComparer.Ordinal);
        using var current = new Fingerprint();
        string? key = null;
        var rows = table.QueryAsync<TableEntity>(
            Partitions(first, last), PageRows, ["PartitionKey", "RowKey", "Timestamp"], cancellation);
        await foreach (var row in rows)
        {
            if (key is not null && key != row.PartitionKey)
            {
                fingerprints.Add(key, current.Take());
            }

            key = row.PartitionKey;
            current.Add(row);
        }

        if (key is not null)
        {
            fingerprints.Add(key, current.Take());
        }

        return fingerprints;
    }

    private static string Partitions(string first, string last) =>
        TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {last}");

    /// <summary>Neighbouring partitions that are checked together.</summary>
    private sealed class Window
    {
        private int rows;
        private long bytes;

        public List<PartitionReading> Partitions { get; } = [];

        public string? Last => Partitions is [.., var last] ? last.Key : null;

        public bool IsFull => rows >= WindowRows || bytes >= WindowBytes;

        public async Task AddAsync(TableEntity row, CancellationToken cancellation)
        {
            if (Last != row.PartitionKey)
            {
                Partitions.Add(new PartitionReading(row.PartitionKey));
            }

            bytes += await Partitions[^1].AddAsync(row, cancellation);
            rows++;
        }

        public async Task ClearAsync()
        {
            foreach (var partition in Partitions)
            {
                await partition.DisposeAsync();
            }

            Partitions.Clear();
            (rows, bytes) = (0, 0);
        }
    }

    /// <summary>Rows of one partition from the first reading, kept until the second reading confirms them.</summary>
    private sealed class PartitionReading(string key) : IAsyncDisposable
    {
        private readonly Fingerprint read = new();

        public string Key => key;

        public SpooledLines Lines { get; } = new();

        /// <returns>The length of the row's line.</returns>
        public async Task<int> AddAsync(TableEntity row, CancellationToken cancellation)
        {
            read.Add(row);
            var line = RowLine.Write(row);
            await Lines.WriteAsync(line, cancellation);
            return line.Length;
        }

        public string Fingerprint() => read.Take();

        public async ValueTask DisposeAsync()
        {
            read.Dispose();
            await Lines.DisposeAsync();
        }
    }
}
