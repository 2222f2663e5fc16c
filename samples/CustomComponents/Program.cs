using System.Globalization;
using CustomComponents;
using LatentDiffusion;
using LatentDiffusion.Samples;

if (args is not ([_] or [_, _]) || args[0].StartsWith('-'))
{
    Console.Error.WriteLine(
        "Draws the mean of several texts. "
            + "Usage: dotnet run -c Release --project samples/CustomComponents -- \"a yellow bird | a red bird\" [image.png]");
    return CommandError.WrongUsage;
}

string file = args is [_, var path] ? path : "image.png";
try
{
    OutputPath.RequireImage(file);
    // Every part of a pipeline can be replaced or wrapped; the others, and the default steps, scale and size, stay the model's.
    using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
        .UseLoggerFactory(new WarningsToConsole())
        .UseDrawingsModel()
        .UseTextEncoder(model => new BlendingTextEncoder(model.TextEncoder))
        .UseGuidance(new OrthogonalGuidance())
        .Build();

    GenerationResult result = pipeline.Generate(new GenerationRequest { Prompt = args[0], Seed = 1 });
    result.Images[0].Save(file);
    GenerationTimings timings = result.Timings;
    Console.WriteLine(Path.GetFullPath(file));
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"text {timings.TextEncoding.TotalSeconds:F2} s, denoising {timings.Denoising.TotalSeconds:F2} s, "
            + $"decoding {timings.Decoding.TotalSeconds:F2} s"));
    return 0;
}
catch (Exception e)
{
    return CommandError.Write(e);
}
