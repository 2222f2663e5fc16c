using FineTune;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Spectre.Console;

var options = new CommandLine();
options.Command.SetWork((parsed, cancellationToken) =>
{
    if (parsed.GetValue(options.PrintsSchema))
    {
        Console.WriteLine(SettingsSchema.Create());
        return 0;
    }

    if (parsed.GetValue(options.Threads) is { } threads) TorchSharp.torch.set_num_threads(threads);
    SettingsSource source = options.Read(parsed);
    FineTuneSettings settings = source.Read();
    using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
        .AddSimpleConsole(console => console.SingleLine = true)
        .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
    ILogger<Trainer> logger = loggers.CreateLogger<Trainer>();
    if (parsed.GetValue(options.DryRun))
    {
        DryRun.Write(source, Console.Out, logger, cancellationToken);
        return 0;
    }

    OutputPath.RequireFolder(settings.Out);
    try
    {
        // Standard output has only the result.
        IAnsiConsole console = ErrorConsole.Create();
        if (new FineTuneRun(source, console, logger).Execute(cancellationToken) is { } result)
        {
            Console.WriteLine(result);
            return 0;
        }
    }
    catch (OperationCanceledException)
    {
        // Cancelled before there was anything to save.
    }

    Console.Error.WriteLine($"Stopped and saved; the same command resumes from '{Path.GetFullPath(settings.Out)}'.");
    return CommandError.Cancelled;
});

// A step and its checkpoint are finished, however long they take.
return await options.Command.RunAsync(args, finishes: true);
