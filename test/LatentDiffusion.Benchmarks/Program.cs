using System.CommandLine;
using LatentDiffusion;
using LatentDiffusion.Benchmarks;

var root = new RootCommand("Measures the library on this machine.") { Schedulers(), Load(), Training() };
foreach (Command measurement in LoadMeasurement.Commands()) root.Add(measurement);
ParseResult result = root.Parse(args);
if (result.Errors.Count > 0)
{
    Console.Error.WriteLine($"{result.Errors[0].Message} (--help tells all commands and options.)");
    return 2;
}

return result.Invoke();

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

static Action<System.CommandLine.Parsing.OptionResult> AtLeastOne(Option option) => result =>
{
    if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1) result.AddError($"{option.Name} is {value}; it must be at least 1.");
};
