using System.CommandLine;
using Lab;
using LatentDiffusion;
using LatentDiffusion.Samples;

var outOption = new Option<DirectoryInfo>("--out")
{
    Description = "Folder for the report: a new or empty one, or that of an earlier report, which is replaced.",
    DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "lab")),
};
var minutesOption = new Option<double?>("--minutes")
{
    Description = "Time for the whole experiment in minutes, above 0 and at most 600; 9 if omitted. Training and comparisons take most "
        + "of it, and become better with more.",
};
var seedOption = new Option<ulong?>("--seed") { Description = "Seed of drawings, weights, noise and generated images; 1 if omitted." };
var sizeOption = new Option<int?>("--size")
{
    Description = "Width and height of the drawings that the model is trained on, in pixels, a multiple of 16 from 16 to 128; 32 if "
        + "omitted. Larger ones look better after much more time.",
};
var threadsOption = new Option<int?>("--threads")
{
    Description = "Number of threads that one operation may use, at least 1; the number of cores if omitted.",
};
var modelOption = new Option<string?>("--model")
{
    Description = "Model folder in the layout of diffusers, drawn with next to the model that is trained here. The shipped model of "
        + "drawings if omitted.",
};
modelOption.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string?>() is { } path && !File.Exists(Path.Combine(path, "model_index.json")))
        result.AddError($"--model '{path}' is not a model folder: it has no model_index.json.");
});

var command = new RootCommand(
    "The experiment of a course on diffusion models: the forward process, posterior and losses, training with curves, losses on unseen "
    + "images, convergence, the six prompts, and improvements compared in quality and speed. Writes one HTML report with its images. "
    + "Computes on the CPU. Ctrl-C stops without writing anything.")
{
    outOption, minutesOption, sizeOption, seedOption, threadsOption, modelOption,
};
command.Validators.Add(result =>
{
    if (result.GetValue(minutesOption) is { } minutes && !(minutes > 0 && minutes <= 600))
        result.AddError(FormattableString.Invariant($"--minutes is {minutes}; expected more than 0 and at most 600."));
    if (result.GetValue(sizeOption) is { } size && (size is < 16 or > 128 || size % 16 != 0))
        result.AddError($"--size is {size}; expected a multiple of 16 from 16 to 128.");
    if (result.GetValue(threadsOption) is < 1) result.AddError($"--threads is {result.GetValue(threadsOption)}; expected at least 1.");
});

command.SetWork((parsed, cancellationToken) =>
{
    var settings = new LabSettings { Out = parsed.GetValue(outOption)!.FullName, Model = parsed.GetValue(modelOption) };
    if (parsed.GetValue(minutesOption) is { } minutes) settings = settings with { Time = TimeSpan.FromMinutes(minutes) };
    if (parsed.GetValue(sizeOption) is { } size) settings = settings with { Size = size };
    if (parsed.GetValue(seedOption) is { } seed) settings = settings with { Seed = seed };
    if (parsed.GetValue(threadsOption) is { } threads) settings = settings with { Threads = threads };
    // Before anything computes: libtorch reads these settings when it is loaded.
    CpuRuntime.Configure(new CpuRuntimeOptions { Threads = settings.Threads });
    string report = LabRun.Execute(settings, cancellationToken);
    Console.WriteLine(report);
    return 0;
});

// The unfinished report is removed before the program ends.
return await command.RunAsync(args, finishes: true);
