using LatentDiffusion;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();

string prompt = args is [var given, ..] ? given : "a blue and white bird with its wings spread";
string file = args is [_, var path, ..] ? path : "image.png";

using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
GenerationRequest request = new() { Prompt = prompt, Seed = 42 };
GenerationResult result = await pipeline.GenerateAsync(request);
result.Images[0].SavePng(file);
Console.WriteLine(Path.GetFullPath(file));
