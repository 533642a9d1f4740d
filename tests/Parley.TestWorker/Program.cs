using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Parley;
using Parley.Functions;
using Parley.TestWorker;

// Parley's own Program, with the doubles and faults that settings named Test__… choose.
try
{
    var builder = FunctionsApplication.CreateBuilder(args);
    builder.ConfigureFunctionsWebApplication();
    builder.UseMiddleware<TriggerMiddleware>();
    builder.Services.AddParleyApp(builder.Configuration);
    builder.Services.AddDoubles(builder.Configuration);
    await builder.Build().RunAsync();
    return 0;
}
catch (StartUpException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
