using System.Runtime.InteropServices;
using HostedService;
using LatentDiffusion;
using LatentDiffusion.Samples;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Before any computation: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();

// The host ignores arguments that it cannot read.
string[] sections = ["LatentDiffusion", "Orders", "Logging"];
bool IsSetting(string argument) => argument.Contains('=')
    && sections.Any(s => argument.StartsWith($"--{s}:", StringComparison.OrdinalIgnoreCase))
    && (!argument.StartsWith("--Orders:", StringComparison.OrdinalIgnoreCase) || OrderOptions.IsSetting(argument["--Orders:".Length..]));

if (Array.Find(args, a => !IsSetting(a)) is { } unknown)
{
    string shown = unknown.Length > 100 ? unknown[..100] + "…" : unknown;
    Console.Error.WriteLine(
        $"'{shown}' is not a setting; expected for example --Orders:Folder=drawings, in one of {string.Join(", ", sections)}.");
    return CommandError.WrongUsage;
}

try
{
    // Settings are read next to the program, independent of the current folder; arguments like --Orders:Folder=… override them.
    HostApplicationBuilder builder = Host.CreateApplicationBuilder(
        new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });

    // The host logs failed or interrupted starts with a stack trace; the end of this file prints one line instead.
    builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
    builder.Services.AddLatentDiffusion(builder.Configuration.GetSection("LatentDiffusion")).UseDrawingsModel();
    builder.Services.AddOptions<OrderOptions>()
        .BindConfiguration("Orders", binder => binder.ErrorOnUnknownConfiguration = true)
        .ValidateDataAnnotations()
        .ValidateOnStart();
    builder.Services.AddSingleton<PromptQueue>();
    builder.Services.AddHostedService<PromptProducer>();
    builder.Services.AddHostedService<GenerationWorker>();

    using IHost host = builder.Build();
    try
    {
        // The host validates too, but only after creating its services.
        host.Services.GetRequiredService<IStartupValidator>().Validate();
        OutputPath.RequireFolder(host.Services.GetRequiredService<IOptions<OrderOptions>>().Value.Folder);
    }
    catch (Exception e) when (e is OptionsValidationException or AggregateException or InvalidOperationException or IOException)
    {
        foreach (Exception each in e is AggregateException several ? several.InnerExceptions : [e]) Console.Error.WriteLine(each.Message);
        return CommandError.WrongUsage;
    }

    // The host stops in order. The exit code says that it was interrupted, even while the model is loading.
    using PosixSignalRegistration interrupted =
        PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Environment.ExitCode = CommandError.Cancelled);
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
