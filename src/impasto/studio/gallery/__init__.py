"""Galleries: folders of finished pictures, their trash, and temporary copies."""
