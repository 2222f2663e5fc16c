using System.CommandLine;
using LatentDiffusion;
using LatentDiffusion.Samples;
using TextToImage;

string schedulerNames = string.Join(", ", KnownSchedulers.All);
var promptArgument = new Argument<string>("prompt") { Description = "What the picture shows, for example \"a blue and white bird with its wings spread\"." };
var outOption = new Option<string>("--out") { Description = "PNG file to write; with --count above 1 each seed's number is put before the extension.", DefaultValueFactory = _ => "picture.png" };
var seedOption = new Option<ulong?>("--seed") { Description = "The same seed gives the same picture. Drawn at random where not given." };
var stepsOption = new Option<int?>("--steps") { Description = "Sampling steps, 1 to 1000." };
var guidanceOption = new Option<double?>("--guidance") { Description = "How closely to follow the prompt, 0 to 100; 1 is no guidance." };
var schedulerOption = new Option<string?>("--scheduler") { Description = $"Sampling algorithm: {schedulerNames}. The model's own where not given." };
var countOption = new Option<int>("--count") { Description = "Number of pictures, 1 to 1024.", DefaultValueFactory = _ => 1 };
var negativeOption = new Option<string>("--negative") { Description = "What the picture does not show.", DefaultValueFactory = _ => "" };
var modelOption = new Option<string?>("--model") { Description = "Model folder in the layout of diffusers, or a single .safetensors or .ckpt file with vocab.json and merges.txt beside it. The shipped model of drawings where not given." };
var fewStepsOption = new Option<bool>("--few-steps") { Description = "Draw with the few-step variant of the shipped model: 4 evaluations of the network in place of 20." };
var imageOption = new Option<FileInfo>("--image") { Description = "A picture to start from, PNG, JPEG or WebP; the new one has its size." };
var strengthOption = new Option<double?>("--strength") { Description = "How much of --image is made anew, more than 0 and at most 1; 0.8 where not given." };
var maskOption = new Option<FileInfo>("--mask") { Description = "What of --image is repainted: a picture of its size, white there and black where it stays." };
imageOption.AcceptExistingOnly();
maskOption.AcceptExistingOnly();

schedulerOption.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string?>() is { } name && !KnownSchedulers.TryGet(name, out _))
        result.AddError($"--scheduler '{name}' is not known; expected one of {schedulerNames}.");
});
AddRange(stepsOption, steps => steps is null or (>= 1 and <= 1000), "from 1 to 1000");
AddRange(guidanceOption, guidance => guidance is null or (>= 0 and <= 100), "from 0 to 100");
AddRange(strengthOption, strength => strength is null or (> 0 and <= 1), "more than 0 and at most 1");
AddRange(countOption, count => count is >= 1 and <= 1024, "from 1 to 1024");
modelOption.Validators.Add(result =>
{
    if (result.GetValue(fewStepsOption))
        result.AddError("--few-steps is a variant of the shipped model and cannot be had of --model.");
    else if (result.GetValueOrDefault<string?>() is { } folder && !File.Exists(folder) && !File.Exists(Path.Combine(folder, "model_index.json")))
        result.AddError($"--model '{folder}' is no model folder: it has no model_index.json.");
});

var command = new RootCommand("Draws a picture of a text.")
{
    promptArgument, outOption, seedOption, stepsOption, guidanceOption, schedulerOption, countOption, negativeOption, modelOption,
    fewStepsOption, imageOption, strengthOption, maskOption,
};
command.SetWork((parsed, cancellationToken) => Drawing.Run(
    new GenerationRequest
    {
        Prompt = parsed.GetValue(promptArgument)!,
        NegativePrompt = parsed.GetValue(negativeOption)!,
        Seed = parsed.GetValue(seedOption),
        Steps = parsed.GetValue(stepsOption),
        GuidanceScale = parsed.GetValue(guidanceOption),
        Count = parsed.GetValue(countOption),
        Strength = parsed.GetValue(strengthOption),
    },
    parsed.GetValue(imageOption), parsed.GetValue(maskOption),
    parsed.GetValue(schedulerOption), parsed.GetValue(modelOption), parsed.GetValue(fewStepsOption), parsed.GetValue(outOption)!, cancellationToken));

return await command.RunAsync(args);

static void AddRange<T>(Option<T> option, Func<T?, bool> holds, string expected) => option.Validators.Add(result =>
{
    if (result.Tokens.Count > 0 && !holds(result.GetValueOrDefault<T>()))
        result.AddError($"{option.Name} is {result.Tokens[0].Value}; expected {expected}.");
});
