using Microsoft.Extensions.Hosting;
using Parley.Core;
using Parley.Functions;

const int CannotStart = 1;

try
{
    await ParleyApp.CreateBuilder(args).Build().RunAsync();
    return 0;
}
catch (StartUpException e)
{
    // The Functions host copies the worker's standard error into its log. Log entries from before the start of the
    // worker are lost.
    await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
    return CannotStart;
}
