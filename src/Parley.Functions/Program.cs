using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Parley;
using Parley.Functions;

const int CannotStart = 1;

try
{
    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    ParleyApp.RefuseUnresolvedReferences(builder.Configuration);
    builder.Services.AddParleyApp(builder.Configuration);
    await builder.Build().RunAsync();
    return 0;
}
catch (StartUpException e)
{
    // The Functions host copies the worker's standard error into its log; log entries written before the worker has started are lost.
    await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
    return CannotStart;
}
