using System.Runtime.InteropServices;
using HostedService;
using LatentDiffusion;
using LatentDiffusion.Samples;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();

// The host passes over arguments that it cannot read.
string[] sections = ["LatentDiffusion", "Orders", "Logging"];
if (Array.Find(args, a => !a.Contains('=') || !sections.Any(s => a.StartsWith($"--{s}:", StringComparison.OrdinalIgnoreCase))) is { } unknown)
{
    Console.Error.WriteLine($"'{(unknown.Length > 100 ? unknown[..100] + "…" : unknown)}' is not a setting; expected for example --Orders:Folder=drawings, in one of {string.Join(", ", sections)}.");
    return CommandError.WrongUsage;
}

try
{
    // Settings are read next to the program, wherever it is started from; --Orders:Folder=… and the like change them.
    HostApplicationBuilder builder = Host.CreateApplicationBuilder(
        new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });

    // The host logs a start that failed, or was interrupted, with its stack trace; the last lines here say it in one line.
    builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
    builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("LatentDiffusion")).UseDrawingsModel();
    builder.Services.AddOptions<OrderOptions>().BindConfiguration("Orders", binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
    builder.Services.AddSingleton<PromptQueue>();
    builder.Services.AddHostedService<PromptProducer>();
    builder.Services.AddHostedService<GenerationWorker>();

    using IHost host = builder.Build();
    try
    {
        // The host validates too, but makes its services before.
        host.Services.GetRequiredService<IStartupValidator>().Validate();
        OutputPath.RequireFolder(host.Services.GetRequiredService<IOptions<OrderOptions>>().Value.Folder);
    }
    catch (Exception e) when (e is OptionsValidationException or AggregateException or InvalidOperationException or IOException)
    {
        foreach (Exception each in e is AggregateException several ? several.InnerExceptions : [e]) Console.Error.WriteLine(each.Message);
        return CommandError.WrongUsage;
    }

    // The host stops in order; who started the program should see that it was stopped, while the model is loaded too.
    using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Environment.ExitCode = CommandError.Cancelled);
    await host.RunAsync();
    return Environment.ExitCode;
}
catch (OperationCanceledException)
{
    return CommandError.Cancelled;
}
catch (Exception e)
{
    return CommandError.Write(e);
}
