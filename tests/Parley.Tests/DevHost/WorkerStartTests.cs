using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

/// <summary>Starts the app as the Functions host does, in its own process.</summary>
public sealed class WorkerStartTests
{
    /// <summary>The arguments that a Functions host passes. The worker ends before it calls the endpoint.</summary>
    private static readonly string[] HostArguments =
    [
        "--Functions:Worker:HostEndpoint=http://127.0.0.1:1", "--Functions:Worker:WorkerId=w", "--Functions:Worker:RequestId=r", "--Functions:Worker:GrpcMaxMessageLength=1000000",
    ];

    [Fact]
    public async Task A_worker_whose_storage_is_down_reports_it_in_one_line()
    {
        // Bound, so that no other process gets the port, and not listening.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)closed.LocalEndPoint!).Port;
        var endpoints = string.Join(';', new[] { "Blob", "Queue", "Table" }.Select(service => $"{service}Endpoint=http://127.0.0.1:{port}/account"));

        var (exitCode, error) = await StartAsync(("AzureWebJobsStorage", $"AccountName=account;AccountKey=a2V5;{endpoints}"));

        Assert.Equal(1, exitCode);
        Assert.Equal($"Storage cannot be used: Connection refused (127.0.0.1:{port}). Check that it runs, that AzureWebJobsStorage names it, and that the app's identity has its roles.\n", error);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage", "AccountKey=c2VjcmV0", "AzureWebJobsStorage is malformed")]
    [InlineData("AzureWebJobsStorage__tableServiceUri", "secret", "AzureWebJobsStorage is malformed")]
    [InlineData("Parley__AdminKey", "@Microsoft.KeyVault(SecretUri=https://secret)", "Parley__AdminKey is a Key Vault reference that is not resolved.")]
    [InlineData("Exports__KeepDays", "secret", "Exports__KeepDays must be a whole number from 2 to 365.")]
    [InlineData("Schedule__Write", "secret", "Schedule__Write must be Schedule or Due.")]
    [InlineData("Other", "secret", "No storage: set AzureWebJobsStorage")]
    public async Task An_invalid_setting_is_named_in_one_line_without_its_value(string setting, string value, string expected)
    {
        var (exitCode, error) = await StartAsync((setting, value));

        Assert.Equal(1, exitCode);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Error)> StartAsync((string Name, string Value) setting)
    {
        var program = AppContext.BaseDirectory.Replace("Parley.Tests", "Parley.Functions", StringComparison.Ordinal) + "Parley.Functions.dll";
        var start = new ProcessStartInfo("dotnet", [program, .. HostArguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var inherited in start.Environment.Keys.Where(name => name.StartsWith("AzureWebJobsStorage", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment[setting.Name] = setting.Value;
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = await process.StandardError.ReadToEndAsync().WaitAsync(Wait.Limit);
            await process.WaitForExitAsync().WaitAsync(Wait.Limit);
            await output;
            return (process.ExitCode, error);
        }
        finally
        {
            process.Kill();
        }
    }
}
