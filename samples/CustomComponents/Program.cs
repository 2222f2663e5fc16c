using CustomComponents;
using LatentDiffusion;

if (args is not ([_] or [_, _]) || args[0].StartsWith('-'))
{
    Console.Error.WriteLine("Usage: dotnet run --project samples/CustomComponents -- \"a blue bird | a red dragon\" [picture.png]");
    return 2;
}

// Every part of a pipeline can be handed to the builder; the others are the model's, which the pipeline then owns.
DiffusionModel model = DiffusionModel.Open(Path.Combine(AppContext.BaseDirectory, "models", "drawings"));
using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
    .UseModel(_ => model)
    .UseTextEncoder(new BlendingTextEncoder(model.TextEncoder))
    .UseGuidance(new OrthogonalGuidance())
    .Build();

string file = args is [_, var path] ? path : "picture.png";
pipeline.Generate(new GenerationRequest { Prompt = args[0], Seed = 1 }).Images[0].SavePng(file);
Console.WriteLine(Path.GetFullPath(file));
return 0;
