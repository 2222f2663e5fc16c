using System.Diagnostics;
using LatentDiffusion;
using LatentDiffusion.Models.Drawings;
using TorchSharp;
TorchSharp.torch.random.manual_seed(0);
var images = new DrawingImages(new DrawingSource(1));
int[] ch = [16,32,64,128];
var net = new AutoencoderKLConfig { BlockOutChannels = [..ch], DownBlockTypes=[..ch.Select(_=>"DownEncoderBlock2D")], UpBlockTypes=[..ch.Select(_=>"UpDecoderBlock2D")], LayersPerBlock=1, LatentChannels=8, NormNumGroups=8, SampleSize = 128 }.Build();
var obj = new AutoencoderObjective(net, images, new AutoencoderTrainingOptions { BatchSize = 8, KlWeight = 1e-4 });
new Trainer(new TrainingOptions { Steps = long.Parse(args[1]), CheckpointEvery = 100, EmaDecay = 0.99, Optimizer = new() { LearningRate = 1e-3, WarmupSteps=50, WeightDecay = 0 } }).Run(obj, args[0], new P(p => { if (p.Step%20==0) Console.WriteLine(p); }));
StateDict.Save(net, args[0]+"/vae.safetensors");
sealed class P(Action<TrainingProgress> a) : IProgress<TrainingProgress> { public void Report(TrainingProgress p) => a(p); }
