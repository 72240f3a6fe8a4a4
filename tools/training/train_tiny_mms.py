"""Train the small aligner that ships with the toolkit, on synthesised speech.

    python tools/training/speech_corpus.py --output DATA --shards 0:100
    python tools/training/train_tiny_mms.py train --data DATA --work WORK --minutes 80
    python tools/training/train_tiny_mms.py export --data DATA --work WORK --output MODEL

The model is a Wav2Vec2ForCTC with the vocabulary of MMS. Since the synthesisers tell when each
phone sounds, it learns frame by frame: each frame is taught the letter heard in it, and blank where
nobody speaks; so first letters stand at word onsets and last letters reach to word ends.
Phones are taught to a middle layer, and CTC over the row joins in later. Training can be
interrupted and goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from training_data import (
    BLANK,
    NO_PHONE,
    PHONES,
    SLOTS_PER_FRAME,
    VOCABULARY,
    Batches,
    BatchShape,
    fit_letter_aligner,
    letter_shares,
)

PHONE_LAYER = 3
_SLOT_WEIGHTS = (0.1, 0.2, 0.2, 0.2, 0.2, 0.1)  # from 5 ms before a frame to 5 ms after it


@dataclass(frozen=True)
class Recipe:
    """What can be tuned; shares are of the planned training time."""

    learning_rate: float = 2e-3
    final_learning_rate: float = 2e-5
    warmup_steps: int = 300
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    average_decay: float = 0.999
    phone_weight: tuple[float, float] = (0.6, 0.15)
    ctc_weight: tuple[float, float] = (0.0, 0.1)
    masked_spans_per_s: float = 0.4
    longest_mask_frames: int = 8


class TeachingModel(nn.Module):
    """The aligner and the phone head that is dropped at export."""

    def __init__(self, aligner: nn.Module) -> None:
        super().__init__()
        self.aligner = aligner
        width = aligner.config.hidden_size
        self.phone_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(PHONES)))
        layers = aligner.wav2vec2.encoder.layers
        layers[PHONE_LAYER - 1].register_forward_hook(self._keep_middle)

    def forward(
        self, samples: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples (B, N) to letter logits (B, T, 31) and phone logits (B, T, P)."""
        encoder = self.aligner.wav2vec2
        features = encoder.feature_extractor(samples).transpose(1, 2)
        hidden, _ = encoder.feature_projection(features)
        if mask is not None:
            hidden = hidden * mask[:, : hidden.shape[1], None]
        letters = self.aligner.lm_head(encoder.encoder(hidden).last_hidden_state)
        return letters, self.phone_head(self._middle)

    def _keep_middle(self, layer: nn.Module, inputs: object, output: object) -> None:
        self._middle = output[0] if isinstance(output, tuple) else output


def build_aligner() -> nn.Module:
    """A new Wav2Vec2ForCTC of 3 million parameters."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        vocab_size=len(VOCABULARY),
        hidden_size=192,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=768,
        conv_dim=(24, 32, 48, 64, 96, 128, 160),
        conv_kernel=(10, 3, 3, 3, 3, 2, 2),
        conv_stride=(5, 2, 2, 2, 2, 2, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=64,
        num_conv_pos_embedding_groups=16,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        mask_time_prob=0.0,
        mask_feature_prob=0.0,
        pad_token_id=BLANK,
        bos_token_id=None,
        eos_token_id=VOCABULARY["</s>"],
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
    )
    config._attn_implementation = "eager"
    return Wav2Vec2ForCTC(config)


def letter_loss(log_probs: torch.Tensor, letters: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every frame with the letters heard in its 30 ms.

    Args:
        log_probs: float (B, T, V).
        letters: int64 (B, S), S slots of 5 ms, four to a frame.
    """
    frames = log_probs.shape[1]
    padded = functional.pad(letters, (1, SLOTS_PER_FRAME + 1))
    slots = padded.unfold(1, len(_SLOT_WEIGHTS), SLOTS_PER_FRAME)[:, :frames]
    weights = log_probs.new_tensor(_SLOT_WEIGHTS)
    return -(log_probs.gather(2, slots) * weights).sum(2).mean()


def phone_loss(logits: torch.Tensor, phones: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every frame with the phone in its middle; phones are int64 (B, S)."""
    middle = phones[:, SLOTS_PER_FRAME // 2 :: SLOTS_PER_FRAME][:, : logits.shape[1]]
    return functional.cross_entropy(logits.float().transpose(1, 2), middle, ignore_index=NO_PHONE)


def row_ctc_loss(log_probs: torch.Tensor, letter_starts: torch.Tensor) -> torch.Tensor:
    """CTC over whole rows, per letter; `letter_starts` holds an id where a letter begins."""
    counts = (letter_starts > 0).sum(1)
    frames = torch.full((len(log_probs),), log_probs.shape[1])
    targets = letter_starts[letter_starts > 0]
    loss = functional.ctc_loss(
        log_probs.transpose(0, 1), targets, frames, counts, BLANK, "sum", zero_infinity=True
    )
    return loss / counts.sum().clamp(min=1)


def draw_mask(rows: int, frames: int, recipe: Recipe, generator: torch.Generator) -> torch.Tensor:
    """Frames to silence inside the model, (rows, frames) of 0 and 1."""
    mask = torch.ones(rows, frames)
    spans = int(recipe.masked_spans_per_s * frames / 50)
    for row in mask:
        for start in torch.randint(frames, (spans,), generator=generator).tolist():
            length = torch.randint(1, recipe.longest_mask_frames, (), generator=generator)
            row[start : start + int(length)] = 0
    return mask


class Trainer:
    """The state of a training run and its loop."""

    def __init__(self, work: Path, minutes: float, recipe: Recipe, seed: int) -> None:
        torch.manual_seed(seed)
        self.work, self.minutes, self.recipe = work, minutes, recipe
        self.model = TeachingModel(build_aligner())
        self.average = TeachingModel(build_aligner()).eval()
        self.average.load_state_dict(self.model.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            recipe.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=recipe.weight_decay,
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.step, self.elapsed_s, self.heard_s = 0, 0.0, 0.0

    @property
    def _checkpoint(self) -> Path:
        return self.work / "checkpoint.pt"

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed_s, self.heard_s = (
            state["step"],
            state["elapsed_s"],
            state["heard_s"],
        )

    def save(self) -> None:
        """Write the checkpoint whole, then put it in place."""
        partial = self._checkpoint.with_suffix(".partial")
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "heard_s": self.heard_s,
        }
        torch.save(state, partial)
        partial.replace(self._checkpoint)

    def run(self, batches: object) -> None:
        """Train until the planned minutes are spent."""
        last_save = last_tick = time.monotonic()
        for batch in batches:
            losses = self._train_step(batch)
            now = time.monotonic()
            self.elapsed_s += now - last_tick
            last_tick = now
            if self.step % 50 == 0:
                shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
                rate = self.heard_s / self.elapsed_s
                print(
                    f"{self.elapsed_s:6.0f} s  step {self.step}  {shown}  x{rate:.0f}", flush=True
                )
            finished = self.elapsed_s > 60 * self.minutes
            if finished or now - last_save > 180:
                self.save()
                last_save = now
            if finished:
                return

    def _train_step(self, batch: dict[str, torch.Tensor]) -> dict[str, float]:
        progress = min(self.elapsed_s / (60 * self.minutes), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate(progress)
        samples = batch["samples"]
        mask = draw_mask(len(samples), samples.shape[1] // 320, self.recipe, self.generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits, phone_logits = self.model(samples, mask)
        log_probs = logits.float().log_softmax(2)
        losses = {
            "letters": letter_loss(log_probs, batch["letters"]),
            "phones": phone_loss(phone_logits, batch["phones"]),
        }
        total = losses["letters"] + _between(self.recipe.phone_weight, progress) * losses["phones"]
        ctc_weight = _between(self.recipe.ctc_weight, progress)
        if ctc_weight > 0.01:
            losses["ctc"] = row_ctc_loss(log_probs, batch["letter_starts"])
            total = total + ctc_weight * losses["ctc"]
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_norm)
        self.optimizer.step()
        self._update_average()
        self.step += 1
        self.heard_s += samples.numel() / 16000
        return {name: loss.item() for name, loss in losses.items()}

    def _learning_rate(self, progress: float) -> float:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / recipe.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        low = recipe.final_learning_rate
        return warm * (low + (recipe.learning_rate - low) * cosine)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.recipe.average_decay, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.model.parameters()), 1 - decay
        )


def _between(ends: tuple[float, float], progress: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * progress


def discount_frequent_letters(aligner: nn.Module, data: Path, weight: float) -> None:
    """Lower the bias of each letter by its log share in the training speech, times `weight`.

    A classifier of frames gives posteriors; an alignment wants likelihoods, divided by the prior as
    in Bourlard and Morgan, "Connectionist Speech Recognition", 1994. Blank is treated as the most
    frequent letter, so that it keeps its place.
    """
    paths = sorted(data.glob("shard_????.npz"))[:3]
    shares = torch.from_numpy(letter_shares(paths, fit_letter_aligner(paths)))
    shares[BLANK] = shares[BLANK + 1 :].max()
    log_shares = torch.where(shares > 0, shares.log(), 0.0)
    aligner.lm_head.bias.data -= (weight * log_shares).to(aligner.lm_head.bias.dtype)


def export(work: Path, output: Path, data: Path, prior_weight: float) -> None:
    """Write the averaged aligner as a checkpoint that transformers loads."""
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor

    state = torch.load(work / "checkpoint.pt", weights_only=True)
    model = TeachingModel(build_aligner())
    model.load_state_dict(state["average"])
    discount_frequent_letters(model.aligner, data, prior_weight)
    output.mkdir(parents=True, exist_ok=True)
    model.aligner.half().save_pretrained(output)
    config = json.loads((output / "config.json").read_text())
    config.pop("torch_dtype", None)
    config["dtype"] = "float32"
    (output / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (output / "vocab.json").write_text(json.dumps(VOCABULARY) + "\n")
    tokenizer = Wav2Vec2CTCTokenizer(
        str(output / "vocab.json"),
        bos_token=None,
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<blank>",
        word_delimiter_token="",
        do_lower_case=True,
    )
    tokenizer.save_pretrained(output)
    special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<blank>"}
    (output / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=16000,
        padding_value=0.0,
        do_normalize=True,
        return_attention_mask=True,
    ).save_pretrained(output)
    (output / "model.safetensors").chmod(0o644)
    print(f"{output}: step {state['step']}, {state['heard_s'] / 3600:.1f} h heard")


def train(arguments: argparse.Namespace) -> None:
    """Train from the shards of a folder."""
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    shards = sorted(arguments.data.glob("shard_????.npz"))[:8]
    if not shards:
        raise SystemExit(
            f"{arguments.data} holds no shards; make them with tools/training/speech_corpus.py"
        )
    trainer = Trainer(arguments.work, arguments.minutes, Recipe(), arguments.seed)
    trainer.resume()
    batches = Batches(
        arguments.data,
        fit_letter_aligner(shards),
        BatchShape(),
        seed=arguments.seed + trainer.step,
        severity=1.0,
    )
    loader = torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=8)
    trainer.run(loader)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train, or go on training")
    training.add_argument("--data", type=Path, required=True, help="folder of the shards")
    training.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    training.add_argument("--minutes", type=float, default=80, help="time to train (default 80)")
    training.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    training.add_argument("--seed", type=int, default=1130)
    training.set_defaults(run=train)
    exporting = commands.add_parser("export", help="write the model for transformers")
    exporting.add_argument("--work", type=Path, required=True)
    exporting.add_argument("--output", type=Path, required=True)
    exporting.add_argument("--data", type=Path, required=True, help="folder of the shards")
    exporting.add_argument("--prior-weight", type=float, default=0.4, help="default 0.4")
    exporting.set_defaults(
        run=lambda arguments: export(
            arguments.work, arguments.output, arguments.data, arguments.prior_weight
        )
    )
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
