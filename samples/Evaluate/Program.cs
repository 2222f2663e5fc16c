using System.CommandLine;
using Evaluate;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;

var runOption = new Option<DirectoryInfo?>("--run")
{
    Description = "Folder of a finished run of samples/TrainFromScratch: its model is evaluated on the images that it kept for testing, "
        + "and compared on those that it was trained on. --model, --data and --train take precedence.",
};
var modelOption = new Option<string?>("--model")
{
    Description = "Model folder in the layout of diffusers; the run's, or the shipped drawings model, if not given.",
};
var dataOption = new Option<string?>("--data")
{
    Description = $"Images that the model was not trained on: {ImageSources.Help}. The run's, or 'drawings', if not given.",
};
var captionsOption = new Option<string?>("--captions")
{
    Description = "Column of the captions in metadata or Parquet files; the run's, or 'text', if not given.",
};
var skipOption = new Option<bool>("--skip-unreadable")
{
    Description = "Leave out images that cannot be read; without it, the first of them ends the evaluation.",
};
var trainOption = new Option<string?>("--train")
{
    Description = "Images that the model was trained on, for comparison; 'none' for no comparison. If not given: "
        + $"'{ImageSources.TrainingDrawings}' if --data is of drawings, the training part of --data if that is a path.",
};
var mirroredOption = new Option<bool>("--mirrored")
{
    Description = "The model was also trained on mirrored training images: search nearest neighbours among both. Not needed with --run.",
};
var outOption = new Option<string?>("--out")
{
    Description = "Folder for the report; 'evaluation' if not given, in the run's folder with --run.",
};
var promptOption = new Option<string[]>("--prompt")
{
    Description = "Prompt of the sample sheet; may be given several times. If not given: the six prompts for drawings, otherwise the "
        + "first six test captions.",
    DefaultValueFactory = _ => [],
};
var optionsOption = new Option<FileInfo?>("--options")
{
    Description = "JSON file with the options of the evaluation, as in report.json under 'options'. Other options take precedence.",
};
var seedOption = new Option<ulong?>("--seed") { Description = "Seed of noise, timesteps and generated images; 0 if not given." };
var imagesOption = new Option<int?>("--images")
{
    Description = "Number of test images, and of training images, to measure losses on; at least 2. 32 if not given.",
};
var timestepsOption = new Option<int?>("--timesteps-per-bucket")
{
    Description = "Timesteps at which each image is measured in each of ten buckets; 2 if not given.",
};
var boundOption = new Option<int?>("--bound-timesteps")
{
    Description = "Timesteps of the variational bound; 0 leaves it out. 24 if not given.",
};
var generatedOption = new Option<int?>("--generated")
{
    Description = "Number of images generated from test captions; 0 for none, otherwise at least 8. 24 if not given.",
};
var columnsOption = new Option<int?>("--columns")
{
    Description = "Images per prompt on the sample sheet; 0 for no sheet. 2 if not given.",
};
var poolOption = new Option<int?>("--pool")
{
    Description = "Maximum number of training images among which nearest neighbours are searched; 25000 if not given.",
};
Option<int?> stepsOption = RequestOptions.For("--steps", RequestSettings.Steps, $"Sampling steps, {RequestSettings.Steps.Range}.");
Option<double?> guidanceOption = RequestOptions.For(
    "--guidance", RequestSettings.GuidanceScale, $"Guidance scale, {RequestSettings.GuidanceScale.Range}; 1 disables guidance.");
var threadsOption = new Option<int?>("--threads")
{
    Description = "Number of threads that one operation may use; the number of cores if not given.",
};

Option<string?> deviceOption = DeviceOption.Create();
var command = new RootCommand(
    "Evaluates a model: denoising loss on unseen images by timestep, compared with training images (memorization), variational bound, "
    + "autoencoder, distances and nearest training neighbours of generated images. Writes report.json and report.md with images and "
    + "plots; the same command gives the same figures on the same machine with as many threads. Prompt scorers and better features for "
    + "distances require code: pass them to ModelEvaluation in EvaluationData.")
{
    runOption, modelOption, dataOption, captionsOption, skipOption, trainOption, mirroredOption, outOption, promptOption,
    optionsOption, seedOption, imagesOption, timestepsOption, boundOption, generatedOption, columnsOption, poolOption, stepsOption,
    guidanceOption, deviceOption, threadsOption,
};

command.Validators.Add(result =>
{
    if (result.GetValue(threadsOption) is < 1) result.AddError($"--threads is {result.GetValue(threadsOption)}; expected at least 1.");
});

command.SetWork((parsed, cancellationToken) =>
{
    if (parsed.GetValue(threadsOption) is { } threads) TorchSharp.torch.set_num_threads(threads);
    TrainedRun? run = parsed.GetValue(runOption) is { } folder ? TrainedRun.Open(folder.FullName) : null;
    string output = parsed.GetValue(outOption) ?? Path.Combine(run?.Folder ?? "", "evaluation");
    OutputPath.RequireFolder(output);
    string model = parsed.GetValue(modelOption) ?? run?.Model ?? Path.Combine(AppContext.BaseDirectory, "models", "drawings");
    // Under mpirun the processes divide losses and images; the first writes the report.
    using OpenMpiReducer? processes = OpenMpiReducer.IsLaunched ? OpenMpiReducer.Join() : null;
    EvaluationRun.Execute(
        model, size => Data(parsed, run, size), Options(parsed),
        DeviceOption.Open(parsed.GetValue(deviceOption)), output, processes, cancellationToken);
    return 0;
});
return await command.RunAsync(args, "Cancelled; no report was written.");

EvaluationData Data(ParseResult parsed, TrainedRun? run, int size)
{
    string? chosen = parsed.GetValue(dataOption);
    if (chosen is null && run is not null && !ImageSources.IsDrawings(run.Data) && !Path.Exists(run.Data))
        throw new InvalidDataException($"The run was trained on '{run.Data}', which does not exist here: specify its place with --data.");
    string name = chosen ?? run?.Data ?? "drawings";
    string? training = parsed.GetValue(trainOption) switch
    {
        "none" => null,
        null when chosen is null && run is not null => run.Training,
        null => ImageSources.IsDrawings(name) ? ImageSources.TrainingDrawings : name,
        { } given => given,
    };
    StoredImagesOptions reading = run?.Reading ?? new StoredImagesOptions();
    reading = reading with
    {
        CaptionColumn = parsed.GetValue(captionsOption) ?? reading.CaptionColumn,
        UnreadableImageHandling = parsed.GetValue(skipOption) ? UnreadableImageHandling.Skip : reading.UnreadableImageHandling,
    };
    (ICaptionedImageSource test, string description) = ImageSources.Open(name, size, options: reading, fractions: run?.Split);
    (ICaptionedImageSource Images, string Description)? seen =
        training is null ? null : ImageSources.Open(training, size, training: true, reading, run?.Split);
    string[] prompts = parsed.GetValue(promptOption)!;
    if (prompts.Length == 0)
    {
        prompts = ImageSources.IsDrawings(name)
            ? [.. DrawingCatalog.Prompts]
            : [.. Enumerable.Range(0, (int)Math.Min(6, test.Count ?? 6)).Select(i => test.Read(i).Caption)];
    }

    bool isOfRun = run is not null && parsed.GetValue(modelOption) is null;
    bool mirroredByRun = run is { Mirrored: true } && chosen is null && parsed.GetValue(trainOption) is null;
    return new EvaluationData
    {
        Test = test,
        TestName = description,
        Training = seen?.Images,
        TrainingName = seen?.Description,
        Prompts = prompts,
        TrainingHistory = isOfRun ? TrainingHistory.Read(run!.Folder, TrainedRun.Denoiser) : null,
        TrainingMirrored = parsed.GetValue(mirroredOption) || mirroredByRun,
    };
}

ModelEvaluationOptions Options(ParseResult parsed)
{
    ModelEvaluationOptions options =
        parsed.GetValue(optionsOption) is { } file ? OptionsFile.Read(file.FullName) : new ModelEvaluationOptions();
    return options with
    {
        Seed = parsed.GetValue(seedOption) ?? options.Seed,
        ImageCount = parsed.GetValue(imagesOption) ?? options.ImageCount,
        TimestepsPerBucket = parsed.GetValue(timestepsOption) ?? options.TimestepsPerBucket,
        BoundTimesteps = parsed.GetValue(boundOption) ?? options.BoundTimesteps,
        Generated = parsed.GetValue(generatedOption) ?? options.Generated,
        SheetColumns = parsed.GetValue(columnsOption) ?? options.SheetColumns,
        NeighbourPool = parsed.GetValue(poolOption) ?? options.NeighbourPool,
        Steps = parsed.GetValue(stepsOption) ?? options.Steps,
        GuidanceScale = parsed.GetValue(guidanceOption) ?? options.GuidanceScale,
    };
}
