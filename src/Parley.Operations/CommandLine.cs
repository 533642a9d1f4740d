using Azure;
using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Operations.Backup;
using Parley.Operations.Restore;
using Parley.Storage;

namespace Parley.Operations;

/// <summary>Reads the command line and runs the command.</summary>
internal static class CommandLine
{
    public const int Succeeded = 0;
    public const int Failed = 1;
    public const int InvalidUsage = 2;
    public const int Interrupted = 130;

    public const string Help =
        """
        Usage: ./dev COMMAND
          ./dev backup --to DIR      copy all tables, and the names of all blobs, into a new or empty folder
          ./dev restore --from DIR   write such a back-up into an empty storage account; run it again to resume it
        Both use the account that AzureWebJobsStorage names (or AzureWebJobsStorage__accountName, as the app does).
        docs/operations.md says what a back-up guarantees and what to do before a restored app starts.
        """;

    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments,
        IConfiguration configuration,
        TextWriter output,
        TextWriter errors,
        TimeProvider time,
        CancellationToken cancellation)
    {
        try
        {
            var progress = new Progress(output, time);
            switch (arguments)
            {
                case ["backup", "--to", { Length: > 0 } directory]:
                    await new BackupRun(Account.Connect(configuration), progress, time)
                        .RunAsync(directory, cancellation);
                    return Succeeded;
                case ["restore", "--from", { Length: > 0 } directory]:
                    await new RestoreRun(Account.Connect(configuration), progress, time)
                        .RunAsync(directory, cancellation);
                    return Succeeded;
                case ["help" or "--help" or "-h"] or [_, "--help" or "-h"]:
                    await output.WriteLineAsync(Help);
                    return Succeeded;
                default:
                    await errors.WriteLineAsync(Help);
                    return InvalidUsage;
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await errors.WriteLineAsync("dev: interrupted.");
            return Interrupted;
        }
        catch (Exception e) when (IsExpected(e))
        {
            await errors.WriteLineAsync($"dev: {StorageErrors.FirstLine(e)}");
            return Failed;
        }
    }

    private static bool IsExpected(Exception e) => e switch
    {
        OperationException or StartUpException or RequestFailedException or AuthenticationFailedException => true,
        IOException or UnauthorizedAccessException or OperationCanceledException => true,
        AggregateException many => many.InnerExceptions.All(IsExpected),
        _ => false,
    };
}
