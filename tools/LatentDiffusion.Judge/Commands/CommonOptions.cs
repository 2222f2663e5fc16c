using System.CommandLine;
using System.Numerics;

namespace LatentDiffusion.Judge;

/// <summary>Options of several commands.</summary>
internal static class CommonOptions
{
    public static Option<DirectoryInfo> Judge { get; } = new("--judge")
    {
        Description = "Folder of the judge's weights.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "judge")),
    };

    public static Option<DirectoryInfo?> Model { get; } = new("--model")
    {
        Description = "Model folder to judge. Default: the shipped model.",
    };

    public static Option<FileInfo?> Adapters { get; } = new("--adapters")
    {
        Description = "LoRA file that was distilled from the model. The model is judged in 4 steps without guidance, at the strength of "
            + "the shipped variant.",
    };

    public static Option<bool> FewSteps { get; } = MakeFewSteps();

    public static Option<int> Threads { get; } = AtLeast(0, new Option<int>("--threads")
    {
        Description = "Threads of a tensor operation; 0 for the number of cores.",
    });

    public static Option<int> Workers { get; } = AtLeast(1, new Option<int>("--workers")
    {
        Description = "Images generated at once. The number of cores, with --threads 1, is the fastest for small models.",
        DefaultValueFactory = _ => 1,
    });

    public static Option<bool> BFloat16 { get; } = new("--bfloat16")
    {
        Description = "Trains in bfloat16: about twice as fast on processors with AVX512-BF16 or AMX, many times slower on others.",
    };

    public static TrainingPrecision Precision(ParseResult parsed) =>
        parsed.GetValue(BFloat16) ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32;

    public static string JudgeFolder(ParseResult parsed) => parsed.GetValue(Judge)!.FullName;

    public static SampledModel SampledModel(ParseResult parsed) => new(
        parsed.GetValue(Model)?.FullName,
        parsed.GetValue(FewSteps) ? DrawingsModelExtensions.ShippedAdapters : parsed.GetValue(Adapters)?.FullName);

    /// <summary>Adds a lower limit to an option.</summary>
    public static Option<T> AtLeast<T>(T least, Option<T> option)
        where T : INumber<T>
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is { } value && value < least)
                result.AddError($"{option.Name} is {value}; expected at least {least}.");
        });
        return option;
    }

    private static Option<bool> MakeFewSteps()
    {
        var option = new Option<bool>("--few-steps")
        {
            Description = "Judge the shipped few-step variant: the shipped model with the shipped adapters.",
        };
        option.Validators.Add(result =>
        {
            if (result.GetResult(Model) is not null || result.GetResult(Adapters) is not null)
                result.AddError("--few-steps uses the shipped model and adapters; it excludes --model and --adapters.");
        });
        return option;
    }

    /// <summary>Runs a command on another thread, with the chosen number of threads per tensor operation.</summary>
    public static Task<int> Run(ParseResult parsed, Func<int> action) => Task.Run(() =>
    {
        int threads = parsed.GetValue(Threads);
        if (threads > 0) TorchSharp.torch.set_num_threads(threads);
        return action();
    });
}
