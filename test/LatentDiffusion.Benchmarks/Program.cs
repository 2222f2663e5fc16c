using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Benchmarks;
using LatentDiffusion.Samples;
using LatentDiffusion.Tests.Pipelines.Soak;

var root = new RootCommand("Measures the library on this machine.")
{
    Schedulers(), Load(), Training(), Decoding(), ImageReadingBenchmark.Command(), Soak(args), Cycles(args), PeersCommand.Create(),
    GoldenCommand.Create(), PipelineBenchmark.Create(), ScalingBenchmark.Create(), QuantisedBenchmark.Create(), ReductionBenchmark.Create(),
    FiguresCommand.Create(), DataWaitBenchmark.Create(),
};
Command[] measurements =
[
    .. LoadMeasurement.Commands(), DecodingMeasurement.Command(), WriteCommand.Command(), PeerMemory.Command(), PeerProcess.Command(),
    PipelineMeasurement.Command(), ScalingPoint.Command(), FileReading.Command(),
    ReductionMeasurement.Command(), ReductionCheck.Command(), SharedTraining.Command(), .. QuantisedMeasurement.Commands(),
];
foreach (Command measurement in measurements) root.Add(measurement);
return await root.RunAsync(args);

static Command Schedulers()
{
    var docs = new Argument<string>("docs") { Description = "Folder of the documentation.", DefaultValueFactory = _ => "docs" };
    var command = new Command("schedulers", "How fast each sampler converges; writes the table and the plot of schedulers.md.") { docs };
    command.SetAction(parsed => SchedulerBenchmark.Write(parsed.GetValue(docs)!, Console.Out));
    return command;
}

static Command Load()
{
    var folder = new Option<string?>("--out")
    {
        Description = "Folder for the file, which is deleted again; the temporary folder if not given.",
    };
    Option<FloatType> precision = new("--precision")
    {
        Description = "Type of the file's values.", DefaultValueFactory = _ => FloatType.Float32,
    };
    Option<FloatType?> type = new("--type") { Description = "Type of the loaded network's values; the file's if not given." };
    var repetitions = new Option<int>("--repetitions") { Description = "How often each is measured.", DefaultValueFactory = _ => 5 };
    repetitions.Validators.Add(AtLeastOne(repetitions));
    const string Description = "Time and memory of loading the U-Net of Stable Diffusion 1.5, compared with reading the file's bytes.";
    var command = new Command("load", Description) { folder, precision, type, repetitions };
    command.SetAction(parsed =>
    {
        var benchmark = new LoadBenchmark(
            parsed.GetValue(precision), parsed.GetValue(type), parsed.GetValue(repetitions), Console.Out);
        return benchmark.Run(parsed.GetValue(folder));
    });
    return command;
}

static Command Training()
{
    var precision = new Option<TrainingPrecision>("--precision") { Description = "Number format of the computation." };
    var steps = new Option<int>("--steps") { Description = "Number of measured steps.", DefaultValueFactory = _ => 20 };
    var batch = new Option<int?>("--batch") { Description = "Images per step; the recipe's if not given." };
    var threads = new Option<int?>("--threads")
    {
        Description = "Threads that one operation may use; the number of cores if not given.",
    };
    var layers = new Option<bool>("--layers") { Description = "Also report operations and time by kind and shape of the layers." };
    steps.Validators.Add(AtLeastOne(steps));
    batch.Validators.Add(AtLeastOne(batch));
    threads.Validators.Add(AtLeastOne(threads));
    const string Description =
        "Images per second in training the shipped model's networks, and the fraction of the matrix-multiply peak.";
    var command = new Command("training", Description)
    {
        precision, steps, batch, threads, layers,
    };
    command.SetAction(parsed =>
    {
        if (parsed.GetValue(threads) is { } count) TorchSharp.torch.set_num_threads(count);
        var benchmark = new TrainingBenchmark(parsed.GetValue(precision), parsed.GetValue(batch), Console.Out);
        benchmark.Run(parsed.GetValue(steps), parsed.GetValue(layers));
    });
    return command;
}

static Command Decoding()
{
    var autoencoder = new Option<string?>("--autoencoder")
    {
        Description = "Folder of an autoencoder in the layout of diffusers, or with the two files of a tiny one; "
            + "the shipped one if not given.",
    };
    var side = new Option<int>("--side") { Description = "Width and height of the image.", DefaultValueFactory = _ => 1024 };
    var tile = new Option<int?>("--tile")
    {
        Description = "Width and height of a tile in pixels; the default of the autoencoder if not given.",
    };
    var overlap = new Option<double>("--overlap")
    {
        Description = "Fraction of a tile that overlaps its neighbour.", DefaultValueFactory = _ => new TilingOptions().Overlap,
    };
    var passes = new Option<int[]>("--passes")
    {
        Description = "Passes over the tiles for the image's statistics, one measurement each.",
        DefaultValueFactory = _ => [0, new TilingOptions().StatisticsPasses],
        AllowMultipleArgumentsPerToken = true,
    };
    var encode = new Option<bool>("--encode") { Description = "Measure encoding instead of decoding." };
    // The smallest drawings have an eighth of its size and need at least 16 pixels.
    side.Validators.Add(given =>
    {
        if (given.Tokens is [var token]
            && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int value)
            && (value < 128 || value % 32 != 0))
            given.AddError($"{side.Name} is {value}; it must be a multiple of 32 of at least 128.");
    });
    const string Description = "Difference and memory of a large image decoded in tiles, compared with decoding it whole.";
    var command = new Command("decoding", Description) { autoencoder, side, tile, overlap, passes, encode };
    command.SetAction(parsed =>
    {
        var options = new TilingOptions { TileSize = parsed.GetValue(tile), Overlap = parsed.GetValue(overlap) };
        List<ValidationResult> errors = [];
        foreach (TilingOptions one in parsed.GetValue(passes)!.Select(count => options with { StatisticsPasses = count }))
            Validator.TryValidateObject(one, new ValidationContext(one), errors, validateAllProperties: true);
        if (errors.Count > 0)
        {
            Console.Error.WriteLine(errors[0].ErrorMessage);
            return 2;
        }

        var benchmark = new DecodingBenchmark(
            parsed.GetValue(autoencoder), parsed.GetValue(side), options, parsed.GetValue(passes)!, parsed.GetValue(encode), Console.Out);
        return benchmark.Run();
    });
    return command;
}

static Command Soak(string[] arguments)
{
    const int Settled = 50;
    var generations = new Option<int>("--generations") { Description = "Number of generations.", DefaultValueFactory = _ => 500 };
    var atOnce = new Option<int>("--at-once") { Description = "Number of concurrent generations.", DefaultValueFactory = _ => 4 };
    var seed = new Option<int>("--seed") { Description = "Seed of the random choices." };
    var threads = new Option<int>("--threads") { Description = "Threads that one operation may use.", DefaultValueFactory = _ => 1 };
    var drawings = new Option<bool>("--drawings")
    {
        Description = "Include the shipped model in addition to small ones, which takes longer.",
    };
    generations.Validators.Add(AtLeast(Settled + 1, generations, $", because memory has settled after {Settled}"));
    foreach (Option<int> option in (Option<int>[])[atOnce, threads]) option.Validators.Add(AtLeastOne(option));
    const string Description = "Concurrent generations of all tasks, some stopped at random moments: live tensors and memory return to "
        + "their level, and images equal those of single generations. The exit code is 0 if it passed.";
    var command = new Command("soak", Description)
    {
        generations, atOnce, seed, threads, drawings,
    };
    command.SetAction(async (parsed, _) =>
    {
        if (TwoArenas.RunAgain(arguments) is { } exitCode) return exitCode;
        TorchSharp.torch.set_num_threads(parsed.GetValue(threads));
        using var models = new SoakModels(parsed.GetValue(drawings));
        using var plan = new SoakPlan(models, parsed.GetValue(seed));
        var run = new SoakRun(plan.Draw(parsed.GetValue(generations)), parsed.GetValue(atOnce), Settled, Console.Out);
        SoakVerdict verdict = await run.RunAsync();
        verdict.Print(Console.Out);
        return verdict.Passed ? 0 : 1;
    });
    return command;
}

static Command Cycles(string[] arguments)
{
    const int Settled = 200;
    var count = new Option<int>("--count") { Description = "Number of cycles of loading and disposing.", DefaultValueFactory = _ => 2000 };
    count.Validators.Add(AtLeast(2 * Settled, count, $", because memory has settled after {Settled}"));
    const string Description =
        "Loads and disposes a whole small model repeatedly: memory returns to its level. The exit code is 0 if it passed.";
    var command = new Command("cycles", Description) { count };
    command.SetAction(parsed =>
    {
        if (TwoArenas.RunAgain(arguments) is { } exitCode) return exitCode;
        return new LoadCycles(parsed.GetValue(count), Settled, Console.Out).Run() ? 0 : 1;
    });
    return command;
}

static Action<System.CommandLine.Parsing.OptionResult> AtLeastOne(Option option) => AtLeast(1, option);

static Action<System.CommandLine.Parsing.OptionResult> AtLeast(int least, Option option, string why = "") => result =>
{
    if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int value) && value < least)
        result.AddError($"{option.Name} is {value}; it must be at least {least}{why}.");
};
