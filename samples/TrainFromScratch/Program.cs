using System.CommandLine;
using LatentDiffusion;
using TrainFromScratch;

var outOption = new Option<DirectoryInfo>("--out")
{
    Description = "Folder of the run: checkpoints, metrics and, at the end, the model. A run that was stopped or killed goes on from here.",
    DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "drawings")),
};
var recipeOption = new Option<FileInfo>("--recipe")
{
    Description = "JSON file with networks, schedule, data and training settings.",
    DefaultValueFactory = _ => new FileInfo(Path.Combine(AppContext.BaseDirectory, "drawings.json")),
};
var fromOption = new Option<DirectoryInfo?>("--from")
{
    Description = "Model folder to start from instead of nothing: its autoencoder is kept, U-Net and text encoder are trained further. Its networks are those of the recipe.",
};
var threadsOption = new Option<int?>("--threads") { Description = "Number of threads that one operation may use; the number of cores where not given." };

var command = new RootCommand(
    "Trains a text-to-image model from nothing on drawings made on the fly: first an autoencoder, then, on its latents, "
    + "a text encoder and a U-Net together. Writes the model as a folder in the layout of diffusers, with a contact sheet. "
    + "Ctrl-C stops after the current step and saves.")
{
    outOption, recipeOption, fromOption, threadsOption,
};

command.SetAction((parsed, cancellationToken) => Task.Run(
    () =>
    {
        if (parsed.GetValue(threadsOption) is { } threads) TorchSharp.torch.set_num_threads(threads);
        try
        {
            Recipe recipe = Recipe.Read(parsed.GetValue(recipeOption)!.FullName);
            return new TrainingRun(recipe, parsed.GetValue(outOption)!.FullName, parsed.GetValue(fromOption)?.FullName).Execute(cancellationToken) ? 0 : 130;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or CheckpointException or TrainingDivergedException or ArgumentException or TorchUnavailableException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    },
    CancellationToken.None));

ParseResult result = command.Parse(args);
if (result.Errors.Count > 0)
{
    Console.Error.WriteLine($"{result.Errors[0].Message} (--help tells all options.)");
    return 2;
}

return await result.InvokeAsync();
