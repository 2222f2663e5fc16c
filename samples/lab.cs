#!/usr/bin/env -S dotnet run
#:project ../src/LatentDiffusion.Models.Drawings/LatentDiffusion.Models.Drawings.csproj
#:property PublishAot=false

// The experiment of samples/Lab in one file: dotnet run lab.cs [FOLDER]
// Elsewhere, replace the project by #:package LatentDiffusion.Models.Drawings@0.1.0-* and #:package libtorch-cpu-linux-x64@2.10.0.
using LatentDiffusion;
using LatentDiffusion.Imaging;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Runtime;
using LatentDiffusion.Schedulers;
using static TorchSharp.torch;

if (args.Length > 1)
{
    Console.Error.WriteLine("Usage: dotnet run lab.cs [FOLDER]");
    return 2;
}

string folder = Directory.CreateDirectory(args is [var given] ? given : "lab").FullName;
using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
var codec = new SkiaImageCodec();

// The forward process: x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε, in one step for any t.
NoiseSchedule schedule = NoiseSchedule.Linear();
Drawing drawing = new DrawingSource(seed: 1).Draw(0);
using Tensor clean = ImageTensor.FromImage(new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span));
using var noise = new GeneratorNoise(seed: 1);
using Tensor epsilon = noise.NextLike(clean);
Console.WriteLine($"{"t",4} {"alpha-bar",10} {"SNR",10}");
foreach (int t in new[] { 0, 50, 100, 200, 300, 400, 600, 800, 999 })
{
    using Tensor timestep = tensor(new[] { (long)t });
    using Tensor noisy = schedule.AddNoise(clean, epsilon, timestep);
    File.WriteAllBytes(Path.Combine(folder, $"forward-{t:D3}.png"), codec.EncodePng(ImageTensor.ToImages(noisy)[0]));
    Console.WriteLine($"{t,4} {schedule.AlphasCumprod[t],10:F5} {schedule.SignalToNoiseRatio(t),10:G3}");
}

// The reverse process: the six prompts, none of which is a caption of the training.
foreach ((int index, string prompt) in DrawingCatalog.Prompts.Index())
{
    GenerationRequest request = new() { Prompt = prompt, Seed = 1 };
    GenerationResult result = await pipeline.GenerateAsync(request);
    result.Images[0].SavePng(Path.Combine(folder, $"prompt-{index + 1}.png"));
    Console.WriteLine($"{prompt}: {result.Timings.Total.TotalSeconds:F2} s");
}

Console.WriteLine(folder);
return 0;
