using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using TrainFromScratch;

var outOption = new Option<DirectoryInfo?>("--out")
{
    Description = "Folder of the run: checkpoints, metrics, plots and, at the end, the model. An interrupted run resumes from here. "
        + "[default: runs/drawings or runs/images]",
};
var recipeOption = new Option<FileInfo?>("--recipe", "--config")
{
    Description = "JSON file with networks, schedule, data and training settings. [default: drawings.json, or images.json with --data]",
};
var fromOption = new Option<DirectoryInfo?>("--from")
{
    Description = "Model folder to start from instead of random weights: its autoencoder is kept (or, if the recipe's train_encoder is "
        + "false, its decoder is trained further), U-Net and text encoder are trained further. Its networks match the "
        + "recipe, or are for half the image size, with at most as many latent channels. Those grow, and the autoencoder is trained too.",
};
var threadsOption = new Option<int?>("--threads")
{
    Description = "Number of threads that one operation may use; the number of cores if not given.",
};

var dataOption = new Option<string?>("--data")
{
    Description = "Captioned images to train on: a folder with metadata.jsonl or metadata.csv (file_name, text), or Parquet files. "
        + "Without it, drawings created during training.",
};
var captionsOption = new Option<string>("--captions")
{
    Description = "Column of the captions in metadata or Parquet files.", DefaultValueFactory = _ => "text",
};
var skipOption = new Option<bool>("--skip-unreadable")
{
    Description = "Leave out and log images that cannot be read; without it, the first of them ends the run.",
};
var validationOption = new Option<double>("--validation")
{
    Description = "Fraction of the images to validate on, 0 for none. A published part of that name takes its place.",
    DefaultValueFactory = _ => 0.1,
};
var testOption = new Option<double>("--test")
{
    Description = "Fraction of the images to keep for testing, 0 for none. A published part of that name takes its place.",
    DefaultValueFactory = _ => 0.1,
};
var nearDuplicatesOption = new Option<int?>("--near-duplicates")
{
    Description = "Leave out held-out images that look like training images (mirrored, resized, re-encoded): bits of 63, 0 to 16, in "
        + "which their perceptual hashes may differ; 8 is usual.",
};
var wholeCaptionsOption = new Option<bool>("--whole-captions")
{
    Description = "Take a caption file of several lines as one caption; without it, each line is a caption, of which one is taken "
        + "each epoch.",
};
var autoencoderOption = new Option<DirectoryInfo?>("--autoencoder")
{
    Description = "Folder of an autoencoder to use unchanged, in the layout of diffusers or as the two files of a tiny one; without it, "
        + "one is trained first.",
};
var hoursOption = new Option<double?>("--hours")
{
    Description = "Approximate hours for the training: the speed is measured at the start and determines the number of steps. Without "
        + "it, the recipe's steps.",
};
var accumulationOption = new Option<int?>("--accumulation")
{
    Description = "Batches whose gradients are averaged for a step, in both stages, instead of the recipe's gradient_accumulation. "
        + "N processes (mpirun -np N) divide them, so give N or a multiple.",
};
var anyOrderOption = new Option<bool>("--any-order")
{
    Description = "Sum the gradients of several processes in any order: less is sent if a process has several batches per step, and the "
        + "weights then differ by rounding from those of one process.",
};
var timeLimitOption = new Option<double>("--time-limit")
{
    Description = "Seconds that a process waits for the others before all end.", DefaultValueFactory = _ => 600,
};

Option<string?> deviceOption = DeviceOption.Create();
var command = new RootCommand(
    "Trains a text-to-image model from scratch, on your images or on drawings created during training: first an autoencoder, then, on "
    + "its latents, a text encoder and a U-Net together. Writes the model as a folder in the layout of diffusers, with a sample sheet, "
    + "loss curves and a report that says whether the validation loss still falls. Ctrl-C stops after the current step and saves.")
{
    dataOption, captionsOption, wholeCaptionsOption, skipOption, validationOption, testOption, nearDuplicatesOption, outOption,
    recipeOption, hoursOption, autoencoderOption, fromOption, deviceOption, threadsOption, accumulationOption, anyOrderOption,
    timeLimitOption,
};
command.Validators.Add(result =>
{
    if (result.GetValue(hoursOption) is { } hours && !(hours > 0 && hours <= 10_000))
        result.AddError($"--hours is {hours}; expected more than 0 and at most 10000.");
    Option[] ofData = [captionsOption, wholeCaptionsOption, skipOption, validationOption, testOption, nearDuplicatesOption];
    foreach (Option option in ofData)
        if (result.GetResult(option) is { Implicit: false } && result.GetValue(dataOption) is null)
            result.AddError($"{option.Name} applies only to your images: expected --data.");
    foreach (Option<double> option in (Option<double>[])[validationOption, testOption])
        if (result.GetValue(option) is var fraction && !(fraction >= 0 && fraction < 1))
            result.AddError($"{option.Name} is {fraction}; expected at least 0 and less than 1.");
    if (result.GetValue(nearDuplicatesOption) is { } bits and not (>= 0 and <= 16))
        result.AddError($"--near-duplicates is {bits}; expected 0 to 16.");
    if (result.GetValue(dataOption) is "") result.AddError("--data is empty; expected a folder or Parquet files.");
    if (result.GetValue(accumulationOption) is { } batches and not (>= 1 and <= 65536))
        result.AddError($"--accumulation is {batches}; expected 1 to 65536.");
    bool isLimited = result.GetResult(timeLimitOption) is { Implicit: false };
    if (isLimited && result.GetValue(timeLimitOption) is var limit && !(limit >= 1 && limit <= 1e6))
        result.AddError($"--time-limit is {limit}; expected 1 to 1000000 seconds.");
    if (result.GetValue(threadsOption) is < 1) result.AddError($"--threads is {result.GetValue(threadsOption)}; expected at least 1.");
});

command.SetWork((parsed, cancellationToken) =>
{
    if (parsed.GetValue(threadsOption) is { } threads) TorchSharp.torch.set_num_threads(threads);
    bool isDrawings = parsed.GetValue(dataOption) is null;
    var settings = new RunSettings
    {
        Out = parsed.GetValue(outOption)?.FullName ?? Path.GetFullPath(Path.Combine("runs", isDrawings ? "drawings" : "images")),
        Data = parsed.GetValue(dataOption),
        CaptionColumn = parsed.GetValue(captionsOption)!,
        SkipUnreadable = parsed.GetValue(skipOption),
        Validation = parsed.GetValue(validationOption),
        Test = parsed.GetValue(testOption),
        NearDuplicates = parsed.GetValue(nearDuplicatesOption),
        WholeCaptions = parsed.GetValue(wholeCaptionsOption),
        Autoencoder = parsed.GetValue(autoencoderOption)?.FullName,
        From = parsed.GetValue(fromOption)?.FullName,
        Accumulation = parsed.GetValue(accumulationOption),
        Hours = parsed.GetValue(hoursOption),
        Device = DeviceOption.Open(parsed.GetValue(deviceOption)),
    };
    string recipe = parsed.GetValue(recipeOption)?.FullName
        ?? Path.Combine(AppContext.BaseDirectory, isDrawings ? "drawings.json" : "images.json");
    using OpenMpiReducer? processes = OpenMpiReducer.IsLaunched
        ? OpenMpiReducer.Join(new OpenMpiOptions
        {
            RankOrdered = !parsed.GetValue(anyOrderOption), TimeLimit = TimeSpan.FromSeconds(parsed.GetValue(timeLimitOption)),
        })
        : null;
    try
    {
        processes.RunOnFirst(() => OutputPath.RequireFolder(settings.Out));
        // To the error stream, as the progress bars: standard output holds results.
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        ILogger<Trainer> logger = processes.IsFirst() ? loggers.CreateLogger<Trainer>() : NullLogger<Trainer>.Instance;
        if (new TrainingRun(Recipe.Read(recipe), settings, processes, logger).Execute(cancellationToken)) return 0;
    }
    catch (OperationCanceledException)
    {
        // Cancelled before there was anything to save.
    }
    catch (Exception e) when (e is ArgumentException or ValidationException)
    {
        // Caused by the recipe file, not by the command line.
        throw new InvalidDataException(e.Message, e);
    }

    if (processes.IsFirst()) Console.Error.WriteLine($"Stopped and saved; the same command resumes from '{settings.Out}'.");
    return CommandError.Cancelled;
});

// A step and its checkpoint are finished, however long they take.
return await command.RunAsync(args, finishes: true);
