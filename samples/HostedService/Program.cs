using HostedService;
using LatentDiffusion;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// Settings are read beside the program, wherever it is started from; --Orders:Folder=… and the like change them.
HostApplicationBuilder builder = Host.CreateApplicationBuilder(
    new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });

builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("LatentDiffusion")).UseDrawingsModel();
builder.Services.AddOptions<OrderOptions>().BindConfiguration("Orders").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<OrderBook>();
builder.Services.AddHostedService<OrderTaker>();
builder.Services.AddHostedService<Painter>();

await builder.Build().RunAsync();
