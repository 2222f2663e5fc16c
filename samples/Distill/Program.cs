using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using Distill;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

var modelOption = new Option<DirectoryInfo>("--model")
{
    Description = "Model folder of the teacher, in the layout of diffusers; the shipped drawings model if not given.",
    DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "models", "drawings")),
};
var outOption = new Option<DirectoryInfo>("--out")
{
    Description = "Folder of the run: checkpoints, metrics, plots and, at the end, the student's model folder. An interrupted run resumes "
        + "from here.",
    DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "distilled")),
};
var recipeOption = new Option<FileInfo>("--recipe")
{
    Description = "JSON file with the settings of the distillation. [default: drawings.json]",
    DefaultValueFactory = _ => new FileInfo(Path.Combine(AppContext.BaseDirectory, "drawings.json")),
};
var dataOption = new Option<string?>("--data")
{
    Description = "Captioned images: a folder with metadata.jsonl or metadata.csv (file_name, text), or Parquet files. Without it, "
        + "drawings created during training.",
};
var latentsOption = new Option<FileInfo?>("--latents")
{
    Description = "File of the images' latents, which several runs may share; created if it is missing or of other images. "
        + "[default: in --out]",
};
var threadsOption = new Option<int?>("--threads")
{
    Description = "Number of threads that one operation may use; the number of cores if not given.",
};

Option<string?> deviceOption = DeviceOption.Create();
var command = new RootCommand(
    "Distils a model into one that generates images in a few steps (latent consistency distillation). Writes it as a folder in the "
    + "layout of diffusers, with a sheet that compares its images with the teacher's. Ctrl-C stops after the current step and saves.")
{
    modelOption, outOption, recipeOption, dataOption, latentsOption, deviceOption, threadsOption,
};
command.Validators.Add(result =>
{
    if (result.GetValue(threadsOption) is < 1) result.AddError($"--threads is {result.GetValue(threadsOption)}; expected at least 1.");
});

command.SetWork((parsed, cancellationToken) =>
{
    if (parsed.GetValue(threadsOption) is { } threads) TorchSharp.torch.set_num_threads(threads);
    string folder = parsed.GetValue(outOption)!.FullName;
    OutputPath.RequireFolder(folder);
    try
    {
        // To the error stream, as the progress bars: standard output holds results.
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        var run = new DistillRun(
            Recipe.Read(parsed.GetValue(recipeOption)!.FullName), parsed.GetValue(modelOption)!.FullName, folder,
            parsed.GetValue(dataOption),
            parsed.GetValue(latentsOption)?.FullName, DeviceOption.Open(parsed.GetValue(deviceOption)), loggers.CreateLogger<Trainer>());
        if (run.Execute(cancellationToken)) return 0;
    }
    catch (OperationCanceledException)
    {
        // Cancelled while encoding latents, which are kept.
    }
    catch (Exception e) when (e is ArgumentException or ValidationException)
    {
        // Caused by the recipe file, not by the command line.
        throw new InvalidDataException(e.Message, e);
    }

    Console.Error.WriteLine($"Stopped and saved; the same command resumes from '{folder}'.");
    return CommandError.Cancelled;
});

// A step and its checkpoint are finished, however long they take.
return await command.RunAsync(args, finishes: true);
