using System.CommandLine;
using LatentDiffusion;
using LatentDiffusion.Samples;
using TextToImage;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();
string schedulerNames = string.Join(", ", KnownSchedulers.All);
var promptArgument = new Argument<string>("prompt")
{
    Description = "What the image shows, for example \"a blue and white bird with its wings spread\".",
};
var requestOptions = new RequestOptions();
var outOption = new Option<string>("--out")
{
    Description = "File to write: PNG, JPEG or WebP by its extension. With --count above 1, each seed is put before the extension.",
    DefaultValueFactory = _ => "image.png",
};
var schedulerOption = new Option<string?>("--scheduler")
{
    Description = $"Sampling algorithm: {schedulerNames}. The model's own if omitted.",
};
var modelOption = new Option<string?>("--model")
{
    Description = "Model folder in the layout of diffusers, or a single .safetensors or .ckpt file with vocab.json and merges.txt next to "
        + "it. The shipped model of drawings if omitted.",
};
var fewStepsOption = new Option<bool>("--few-steps")
{
    Description = "Use the few-step variant of the shipped model: 4 evaluations of the network instead of 20.",
};
var imageOption = new Option<FileInfo>("--image") { Description = "An image to start from, PNG, JPEG or WebP; the new one has its size." };
var maskOptions = new MaskOptions();
var maskOption = new Option<FileInfo>("--mask")
{
    Description = "The area of --image that is repainted: an image of its size, white there and black elsewhere.",
};
imageOption.AcceptExistingOnly();
maskOption.AcceptExistingOnly();

schedulerOption.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string?>() is { } name && !KnownSchedulers.TryGet(name, out _))
        result.AddError($"--scheduler '{name}' is not known; expected one of {schedulerNames}.");
});
modelOption.Validators.Add(result =>
{
    if (result.GetValue(fewStepsOption))
        result.AddError("--few-steps is a variant of the shipped model and cannot be used with --model.");
    else if (result.GetValueOrDefault<string?>() is { } path && !File.Exists(path) && !File.Exists(Path.Combine(path, "model_index.json")))
        result.AddError($"--model '{path}' is not a model folder: it has no model_index.json.");
});

var command = new RootCommand("Generates images from text.")
{
    promptArgument, outOption, requestOptions.Seed, requestOptions.Steps, requestOptions.Guidance, schedulerOption,
    requestOptions.ImageCount,
    requestOptions.Negative, modelOption, fewStepsOption, imageOption, requestOptions.Strength, maskOption,
};
maskOptions.AddTo(command);
command.SetWork((parsed, cancellationToken) => Drawing.Run(
    requestOptions.Read(parsed, parsed.GetValue(promptArgument)!) with { Inpainting = maskOptions.Read(parsed) },
    parsed.GetValue(imageOption), parsed.GetValue(maskOption),
    parsed.GetValue(schedulerOption), parsed.GetValue(modelOption), parsed.GetValue(fewStepsOption), parsed.GetValue(outOption)!,
    cancellationToken));

return await command.RunAsync(args);
