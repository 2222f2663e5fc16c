using HostedService;
using LatentDiffusion;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

// Settings are read beside the program, wherever it is started from; --Orders:Folder=… and the like change them.
HostApplicationBuilder builder = Host.CreateApplicationBuilder(
    new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });

builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("LatentDiffusion")).UseDrawingsModel();
builder.Services.AddOptions<OrderOptions>().BindConfiguration("Orders").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<OrderBook>();
builder.Services.AddHostedService<OrderTaker>();
builder.Services.AddHostedService<Painter>();

using IHost host = builder.Build();
try
{
    // The host does so too, but makes its services before: a wrong setting is told in a line, and before the model is loaded.
    host.Services.GetRequiredService<IStartupValidator>().Validate();
}
catch (Exception e) when (e is OptionsValidationException or AggregateException)
{
    foreach (Exception each in e is AggregateException several ? several.InnerExceptions : [e]) Console.Error.WriteLine(each.Message);
    return 1;
}

await host.RunAsync();
return Environment.ExitCode;
