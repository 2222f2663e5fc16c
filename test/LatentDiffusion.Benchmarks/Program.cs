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
    GoldenCommand.Create(),
};
Command[] measurements = [.. LoadMeasurement.Commands(), DecodingMeasurement.Command(), WriteCommand.Command(), PeerMemory.Command()];
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
    var folder = new Option<string?>("--out") { Description = "Folder to write the file into, which is deleted again; one for temporary files where not given." };
    Option<FloatType> precision = new("--precision") { Description = "Type of the file's values.", DefaultValueFactory = _ => FloatType.Float32 };
    Option<FloatType?> type = new("--type") { Description = "Type of the loaded network's values; the file's where not given." };
    var repetitions = new Option<int>("--repetitions") { Description = "How often each is measured.", DefaultValueFactory = _ => 5 };
    repetitions.Validators.Add(AtLeastOne(repetitions));
    var command = new Command("load", "Time and memory of loading the U-Net of Stable Diffusion 1.5, against reading the file's bytes.") { folder, precision, type, repetitions };
    command.SetAction(parsed => new LoadBenchmark(parsed.GetValue(precision), parsed.GetValue(type), parsed.GetValue(repetitions), Console.Out).Run(parsed.GetValue(folder)));
    return command;
}

static Command Training()
{
    var precision = new Option<TrainingPrecision>("--precision") { Description = "What the networks compute with." };
    var steps = new Option<int>("--steps") { Description = "Steps that are measured.", DefaultValueFactory = _ => 20 };
    var batch = new Option<int?>("--batch") { Description = "Pictures of a step; the recipe's where not given." };
    var threads = new Option<int?>("--threads") { Description = "Threads that one operation may use; the number of cores where not given." };
    var layers = new Option<bool>("--layers") { Description = "Also tell where the operations and the time are, by kind and shape of the layers." };
    steps.Validators.Add(AtLeastOne(steps));
    batch.Validators.Add(AtLeastOne(batch));
    threads.Validators.Add(AtLeastOne(threads));
    var command = new Command("training", "Pictures a second that training the shipped model's networks takes, and its share of the matrix-multiply peak.")
    {
        precision, steps, batch, threads, layers,
    };
    command.SetAction(parsed =>
    {
        if (parsed.GetValue(threads) is { } count) TorchSharp.torch.set_num_threads(count);
        new TrainingBenchmark(parsed.GetValue(precision), parsed.GetValue(batch), Console.Out).Run(parsed.GetValue(steps), parsed.GetValue(layers));
    });
    return command;
}

static Command Decoding()
{
    var autoencoder = new Option<string?>("--autoencoder") { Description = "Folder of an autoencoder as diffusers has it, or with the two files of a tiny one; the shipped one where not given." };
    var side = new Option<int>("--side") { Description = "Width and height of the picture.", DefaultValueFactory = _ => 1024 };
    var tile = new Option<int?>("--tile") { Description = "Width and height of a tile in pixels; the default of the autoencoder where not given." };
    var overlap = new Option<double>("--overlap") { Description = "Share of a tile that it has in common with its neighbour.", DefaultValueFactory = _ => new TilingOptions().Overlap };
    var passes = new Option<int[]>("--passes")
    {
        Description = "Passes over the tiles for the picture's statistics, one measurement each.", DefaultValueFactory = _ => [0, new TilingOptions().StatisticsPasses], AllowMultipleArgumentsPerToken = true,
    };
    var encode = new Option<bool>("--encode") { Description = "Measure encoding in place of decoding." };
    // Its smallest drawings, an eighth of it, are of at least 16 pixels.
    side.Validators.Add(given =>
    {
        if (given.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int value) && (value < 128 || value % 32 != 0))
            given.AddError($"{side.Name} is {value}; it must be a multiple of 32 of at least 128.");
    });
    var command = new Command("decoding", "Difference and memory of a large picture decoded in tiles, against decoding it whole.") { autoencoder, side, tile, overlap, passes, encode };
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

        return new DecodingBenchmark(parsed.GetValue(autoencoder), parsed.GetValue(side), options, parsed.GetValue(passes)!, parsed.GetValue(encode), Console.Out).Run();
    });
    return command;
}

static Command Soak(string[] arguments)
{
    const int Settled = 50;
    var generations = new Option<int>("--generations") { Description = "How many.", DefaultValueFactory = _ => 500 };
    var atOnce = new Option<int>("--at-once") { Description = "How many run at once.", DefaultValueFactory = _ => 4 };
    var seed = new Option<int>("--seed") { Description = "What is drawn at random follows from it." };
    var threads = new Option<int>("--threads") { Description = "Threads that one operation may use.", DefaultValueFactory = _ => 1 };
    var drawings = new Option<bool>("--drawings") { Description = "With the shipped model among the small ones, which takes longer." };
    generations.Validators.Add(AtLeast(Settled + 1, generations, $", for memory has settled after {Settled}"));
    foreach (Option<int> option in (Option<int>[])[atOnce, threads]) option.Validators.Add(AtLeastOne(option));
    var command = new Command("soak", "Generations of all tasks at once, some stopped at random moments: live tensors return, memory stays, and pictures are those made alone. The exit code is 0 where it passed.")
    {
        generations, atOnce, seed, threads, drawings,
    };
    command.SetAction(async (parsed, _) =>
    {
        if (TwoArenas.RunAgain(arguments) is { } exitCode) return exitCode;
        TorchSharp.torch.set_num_threads(parsed.GetValue(threads));
        using var models = new SoakModels(parsed.GetValue(drawings));
        using var plan = new SoakPlan(models, parsed.GetValue(seed));
        SoakVerdict verdict = await new SoakRun(plan.Draw(parsed.GetValue(generations)), parsed.GetValue(atOnce), Settled, Console.Out).RunAsync();
        verdict.Print(Console.Out);
        return verdict.Passed ? 0 : 1;
    });
    return command;
}

static Command Cycles(string[] arguments)
{
    const int Settled = 200;
    var count = new Option<int>("--count") { Description = "How often the model is loaded and disposed.", DefaultValueFactory = _ => 2000 };
    count.Validators.Add(AtLeast(2 * Settled, count, $", for memory has settled after {Settled}"));
    var command = new Command("cycles", "A whole small model loaded and disposed again and again: memory stays. The exit code is 0 where it passed.") { count };
    command.SetAction(parsed => TwoArenas.RunAgain(arguments) ?? (new LoadCycles(parsed.GetValue(count), Settled, Console.Out).Run() ? 0 : 1));
    return command;
}

static Action<System.CommandLine.Parsing.OptionResult> AtLeastOne(Option option) => AtLeast(1, option);

static Action<System.CommandLine.Parsing.OptionResult> AtLeast(int least, Option option, string why = "") => result =>
{
    if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out int value) && value < least)
        result.AddError($"{option.Name} is {value}; it must be at least {least}{why}.");
};
