using System.CommandLine;
using Evaluate;
using LatentDiffusion;
using LatentDiffusion.Samples;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

var runOption = new Option<DirectoryInfo?>("--run")
{
    Description = "Folder of a finished run of samples/TrainFromScratch: its model is evaluated on the pictures that it kept for testing, beside those that it was trained on. What --model, --data and --train say wins.",
};
var modelOption = new Option<string?>("--model") { Description = "Model folder in the layout of diffusers. The run's, or the shipped model of drawings, where not given." };
var dataOption = new Option<string?>("--data") { Description = $"Pictures that the model was not trained on: {PictureSources.Help}. The run's, or 'drawings', where not given." };
var captionsOption = new Option<string?>("--captions") { Description = "Column of the captions in metadata or Parquet files. The run's, or 'text', where not given." };
var skipOption = new Option<bool>("--skip-unreadable") { Description = "Leave out pictures that cannot be read; without it the first of them ends the evaluation." };
var trainOption = new Option<string?>("--train")
{
    Description = $"Pictures that it was trained on, to compare with; 'none' for no comparison. '{PictureSources.TrainingDrawings}' where not given and --data is of drawings; where it is a path, the part of it that is trained on.",
};
var mirroredOption = new Option<bool>("--mirrored") { Description = "The training pictures were also trained on with left and right exchanged: look for nearest neighbours among both. A run's own answer needs no such option." };
var outOption = new Option<string?>("--out") { Description = "Folder that the report is written to. 'evaluation', in the run's folder where there is one, where not given." };
var promptOption = new Option<string[]>("--prompt") { Description = "Prompt of the sample sheet; may be given several times. The six prompts for drawings, else the first six test captions.", DefaultValueFactory = _ => [] };
var optionsOption = new Option<FileInfo?>("--options") { Description = "JSON file with the options of the evaluation, as report.json has them under 'options'. What is given beside it wins." };
var seedOption = new Option<ulong?>("--seed") { Description = "Noise, timesteps and generated pictures follow from it. 0 where not given." };
var picturesOption = new Option<int?>("--pictures") { Description = "Test pictures, and training pictures, that losses are measured on; at least 2. 32 where not given." };
var timestepsOption = new Option<int?>("--timesteps-per-bucket") { Description = "Timesteps that each picture is measured at in each of ten buckets. 2 where not given." };
var boundOption = new Option<int?>("--bound-timesteps") { Description = "Timesteps of the variational bound; 0 leaves it out. 24 where not given." };
var generatedOption = new Option<int?>("--generated") { Description = "Pictures generated from test captions; 0 for none, otherwise at least 8. 24 where not given." };
var columnsOption = new Option<int?>("--columns") { Description = "Pictures of each prompt on the sample sheet; 0 for no sheet. 2 where not given." };
var poolOption = new Option<int?>("--pool") { Description = "Training pictures that nearest neighbours are looked for among, at most. 25000 where not given." };
Option<int?> stepsOption = RequestOptions.For("--steps", RequestSettings.Steps, $"Sampling steps, {RequestSettings.Steps.Range}.");
Option<double?> guidanceOption = RequestOptions.For(
    "--guidance", RequestSettings.GuidanceScale, $"Guidance scale, {RequestSettings.GuidanceScale.Range}; 1 is no guidance.");
var threadsOption = new Option<int?>("--threads") { Description = "Number of threads that one operation may use; the number of cores where not given." };

var command = new RootCommand(
    "Evaluates a model: denoising loss on unseen pictures by timestep, beside the training pictures' (memorisation), variational bound, autoencoder, "
    + "distances and nearest training neighbours of generated pictures. Writes report.json and report.md with pictures and plots; the same command "
    + "gives the same figures on the same machine with as many threads. Scorers of prompts and better features for distances are code, not options: "
    + "a program of one's own gives them to ModelEvaluation, in EvaluationData.")
{
    runOption, modelOption, dataOption, captionsOption, skipOption, trainOption, mirroredOption, outOption, promptOption, optionsOption, seedOption, picturesOption, timestepsOption, boundOption,
    generatedOption, columnsOption, poolOption, stepsOption, guidanceOption, threadsOption,
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
    EvaluationRun.Execute(
        parsed.GetValue(modelOption) ?? run?.Model ?? Path.Combine(AppContext.BaseDirectory, "models", "drawings"), Data(parsed, run), Options(parsed),
        output, cancellationToken);
    return 0;
});
return await command.RunAsync(args, "Cancelled; no report was written.");

EvaluationData Data(ParseResult parsed, TrainedRun? run)
{
    string? chosen = parsed.GetValue(dataOption);
    if (chosen is null && run is not null && !PictureSources.IsDrawings(run.Data) && !Path.Exists(run.Data))
        throw new InvalidDataException($"The run was trained on '{run.Data}', which is not there as seen from here: say where by --data.");
    string name = chosen ?? run?.Data ?? "drawings";
    string? training = parsed.GetValue(trainOption) switch
    {
        "none" => null,
        null when chosen is null && run is not null => run.Training,
        null => PictureSources.IsDrawings(name) ? PictureSources.TrainingDrawings : name,
        { } given => given,
    };
    StoredImagesOptions reading = run?.Reading ?? new StoredImagesOptions();
    reading = reading with
    {
        CaptionColumn = parsed.GetValue(captionsOption) ?? reading.CaptionColumn, OnUnreadable = parsed.GetValue(skipOption) ? UnreadableImageHandling.Skip : reading.OnUnreadable,
    };
    (ICaptionedImageSource test, string description) = PictureSources.Open(name, options: reading, fractions: run?.Split);
    (ICaptionedImageSource Pictures, string Description)? seen = training is null ? null : PictureSources.Open(training, training: true, reading, run?.Split);
    string[] prompts = parsed.GetValue(promptOption)!;
    if (prompts.Length == 0)
    {
        prompts = PictureSources.IsDrawings(name)
            ? [.. DrawingCatalog.Prompts] : [.. Enumerable.Range(0, (int)Math.Min(6, test.Count ?? 6)).Select(i => test.Read(i).Caption)];
    }

    return new EvaluationData
    {
        Test = test, TestName = description, Training = seen?.Pictures, TrainingName = seen?.Description, Prompts = prompts,
        TrainingHistory = run is null || parsed.GetValue(modelOption) is not null ? null : TrainingHistory.Read(run.Folder, TrainedRun.Denoiser),
        TrainingMirrored = parsed.GetValue(mirroredOption) || (chosen is null && parsed.GetValue(trainOption) is null && run is { Mirrored: true }),
    };
}

ModelEvaluationOptions Options(ParseResult parsed)
{
    ModelEvaluationOptions options = parsed.GetValue(optionsOption) is { } file ? OptionsFile.Read(file.FullName) : new ModelEvaluationOptions();
    return options with
    {
        Seed = parsed.GetValue(seedOption) ?? options.Seed,
        ImageCount = parsed.GetValue(picturesOption) ?? options.ImageCount,
        TimestepsPerBucket = parsed.GetValue(timestepsOption) ?? options.TimestepsPerBucket,
        BoundTimesteps = parsed.GetValue(boundOption) ?? options.BoundTimesteps,
        Generated = parsed.GetValue(generatedOption) ?? options.Generated,
        SheetColumns = parsed.GetValue(columnsOption) ?? options.SheetColumns,
        NeighbourPool = parsed.GetValue(poolOption) ?? options.NeighbourPool,
        Steps = parsed.GetValue(stepsOption) ?? options.Steps,
        GuidanceScale = parsed.GetValue(guidanceOption) ?? options.GuidanceScale,
    };
}
