using System.Diagnostics;
using System.Globalization;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations;
using Parley.Core;
using Parley.DevHost.Emulator;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Measures exports of a million generated messages whose process is killed every 15 seconds, and compares each with an
/// undisturbed one. The process is this program in another mode, which makes one attempt.
/// </summary>
internal static class CutMeasure
{
    /// <summary>The first argument of such a process; the connection string and the export's number follow.</summary>
    public const string Mode = "write-export";

    private const int DefaultConversations = 1_000;
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(15);

    /// <summary>A build that makes no progress ends here.</summary>
    private const int MaxKills = 200;

    private static readonly TenantId Tenant = new(1);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        var conversations = options.Count ?? DefaultConversations;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"cut: {conversations * GeneratedMessages.MessagesEach:N0} generated messages, the process that writes is killed every {Life.TotalSeconds:0} s"));
        await using var azurite = await Azurite.StartAsync(directory: null, _ => { });
        await using var services = Services(azurite.ConnectionString);
        foreach (var resource in services.GetServices<IStorageResource>())
        {
            await resource.CreateIfNotExistsAsync(CancellationToken.None);
        }

        await ListAsync(services.GetRequiredService<ParleyTables>(), conversations);
        var allMet = true;
        foreach (var format in new[] { TableFormat.Csv, TableFormat.Jsonl })
        {
            var (undisturbed, quiet, _) = await ExportAsync(services, azurite.ConnectionString, format, Timeout.InfiniteTimeSpan);
            var (cut, time, kills) = await ExportAsync(services, azurite.ConnectionString, format, Life);
            if (kills == 0)
            {
                throw new BenchmarkException(
                    $"The {format} file was complete within {Life.TotalSeconds:0} s, so nothing was cut: give a greater --count.");
            }

            var isSame = undisturbed is { Status: ExportStatus.Completed }
                && (cut.Status, cut.Sha256, cut.Rows, cut.Bytes) == (undisturbed.Status, undisturbed.Sha256, undisturbed.Rows, undisturbed.Bytes)
                && cut.Rows == (long)conversations * GeneratedMessages.MessagesEach;
            allMet &= isSame;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {format,-5} undisturbed {quiet.TotalSeconds:0.0} s; cut {kills} times {time.TotalSeconds:0.0} s, {cut.Status}, {cut.Rows:N0} rows, {cut.Bytes / 1e6:0.0} MB, the same SHA-256: {(isSame ? "yes" : "NO")}"));
        }

        return allMet;
    }

    /// <summary>The main function of a process that makes one attempt at an export's file.</summary>
    public static async Task<int> WriteAsync(string[] args)
    {
        await using var services = Services(args[1]);
        var step = new ExportStep(Tenant.Number, int.Parse(args[2], CultureInfo.InvariantCulture), 0);
        await services.GetRequiredService<ExportFileJob>().RunAsync(step, CancellationToken.None);
        return 0;
    }

    private static ServiceProvider Services(string connectionString)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = connectionString,
            ["Exports:SettleSeconds"] = "0",
        };
        var options = StorageClients.TableOptions();
        options.Transport = new HttpClientTransport(new GeneratedMessages());
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton(new TableServiceClient(connectionString, options))
            .AddParley(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .BuildServiceProvider();
    }

    /// <summary>Writes the rows by which an export finds the conversations.</summary>
    private static async Task ListAsync(ParleyTables tables, int conversations)
    {
        foreach (var chunk in Enumerable.Range(1, conversations).Chunk(100))
        {
            await tables.Tenants.SubmitTransactionAsync(chunk.Select(number => new TableTransactionAction(
                TableTransactionActionType.UpsertReplace,
                new TableEntity(Tenant.PartitionKey, ConversationRowKeys.Conversation(number))
                {
                    ["FirstMinute"] = GeneratedMessages.StartOf(number).Minute(),
                    ["LastMinute"] = GeneratedMessages.StartOf(number).AddSeconds(GeneratedMessages.MessagesEach).Minute(),
                })));
        }
    }

    private static async Task<(Export Export, TimeSpan Time, int Kills)> ExportAsync(
        ServiceProvider services, string connectionString, TableFormat format, TimeSpan life)
    {
        var (exports, time) = (services.GetRequiredService<ExportStore>(), TimeProvider.System);
        var draft = new NewExport(GeneratedMessages.Start, null, "https://receiver.example/", Language.EnUs, format);
        var (export, _) = await services.GetRequiredService<ExportCreation>().CreateAsync(Tenant, draft, key: null, CancellationToken.None);
        var (watch, kills) = (Stopwatch.StartNew(), 0);
        while (export.IsUnfinished && kills <= MaxKills)
        {
            kills += await LiveAsync(connectionString, export.Key.Number, life) ? 0 : 1;
            export = (await exports.FindAsync(export.Key, CancellationToken.None))!;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"    {watch.Elapsed.TotalSeconds,6:0.0} s: {export.Status}, {export.Checkpoint?.Counts.Rows ?? export.Rows:N0} rows stored"));
            if (export.IsUnfinished && export.LeaseUntil - time.GetUtcNow() is { } left && left > TimeSpan.Zero)
            {
                await Task.Delay(left, time);
            }
        }

        return (export, watch.Elapsed, kills);
    }

    /// <returns>False when the process was killed.</returns>
    private static async Task<bool> LiveAsync(string connectionString, int export, TimeSpan life)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [typeof(CutMeasure).Assembly.Location, Mode, connectionString, export.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync().WaitAsync(life, TimeProvider.System);
            return true;
        }
        catch (TimeoutException)
        {
            process.Kill();
            await process.WaitForExitAsync();
            return false;
        }
    }
}
